//! Moments within a column of JSON, in milliseconds like those of the other columns: there are many,
//! and each pass reads and writes all of them.

pub(super) mod moment {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::domain::timestamp::Timestamp;

    #[allow(clippy::ref_option)] // serde's own signature
    pub(in crate::domain::inventory) fn serialize<S: Serializer>(
        moment: &Option<Timestamp>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        moment.map(Timestamp::as_millis).serialize(to)
    }

    pub(in crate::domain::inventory) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<i64>::deserialize(from)?.map(Timestamp::from_millis))
    }
}

pub(super) mod by_sense {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use crate::domain::inventory::pass::Sense;
    use crate::domain::timestamp::Timestamp;

    pub(in crate::domain::inventory) fn serialize<S: Serializer>(
        moments: &BTreeMap<Sense, Timestamp>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_map(moments.iter().map(|(sense, at)| (sense, at.as_millis())))
    }

    pub(in crate::domain::inventory) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeMap<Sense, Timestamp>, D::Error> {
        let millis = BTreeMap::<Sense, i64>::deserialize(from)?.into_iter();
        Ok(millis
            .map(|(sense, at)| (sense, Timestamp::from_millis(at)))
            .collect())
    }
}
