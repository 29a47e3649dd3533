//! Databases as earlier versions left them, made by the real migrations.

use refinery::{Runner, Target};

use super::atlas::Atlas;

/// A place whose database has the schema of that number, and nothing in it.
pub fn of_version(version: i32) -> Atlas {
    let atlas = Atlas::new();
    let migrations =
        refinery::load_sql_migrations(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap();
    let mut connection = atlas.sql();
    connection
        .pragma_update(
            None,
            "application_id",
            atlas_ops::store::open::APPLICATION_ID,
        )
        .unwrap();
    Runner::new(&migrations)
        .set_target(Target::Version(version))
        .run(&mut connection)
        .unwrap();
    atlas
}
