//! The kinds of signal that the program itself gives a meaning to. Any other kind is kept as it
//! was sent.

/// An agent's report of one cycle: it updates the agent and is hidden on the board unless asked for.
pub const AGENT_FACTS: &str = "agent_facts";
/// A container that should run does not.
pub const CONTAINER_DOWN: &str = "container_down";
/// A container restarted more often than its threshold allows.
pub const CONTAINER_RESTART_COUNT_HIGH: &str = "container_restart_count_high";
/// A container's own health check fails.
pub const CONTAINER_UNHEALTHY: &str = "container_unhealthy";
/// The kernel killed a container for want of memory.
pub const CONTAINER_OOM_KILLED: &str = "container_oom_killed";
/// A configured Docker endpoint does not answer.
pub const DOCKER_UNREACHABLE: &str = "docker_unreachable";
/// An agent is unheard for more than three of its intervals; the server itself says so.
pub const AGENT_SILENT: &str = "agent_silent";
/// A gateway of a site does not answer; what needs the network there hangs on it.
pub const GATEWAY_UNREACHABLE: &str = "gateway_unreachable";
/// An agent's discovery sees nothing, and so cannot know what is gone.
pub const DISCOVERY_BLIND: &str = "discovery_blind";
/// A host that was there no longer is.
pub const HOST_GONE: &str = "host_gone";
/// Something that was never seen before is on a network.
pub const HOST_NEW: &str = "host_new";
/// A known host has another address.
pub const HOST_ADDRESS_CHANGED: &str = "host_address_changed";
/// Two hosts use one address.
pub const ADDRESS_CONFLICT: &str = "address_conflict";
/// A known host answers on a port that it did not answer on before.
pub const SERVICE_NEW: &str = "service_new";
/// A service that was there no longer answers, while its host does.
pub const SERVICE_GONE: &str = "service_gone";
/// A network's default gateway is another device, or another address, than before.
pub const GATEWAY_CHANGED: &str = "gateway_changed";
/// A gateway answers much more slowly than it used to.
pub const GATEWAY_LATENCY_HIGH: &str = "gateway_latency_high";
/// Too many probes of a gateway or a target get no answer.
pub const PACKET_LOSS_HIGH: &str = "packet_loss_high";
/// Names are not resolved.
pub const DNS_FAILING: &str = "dns_failing";
/// A configured address does not answer pings.
pub const PING_TARGET_UNREACHABLE: &str = "ping_target_unreachable";
/// A configured TCP port does not take connections.
pub const TCP_CHECK_FAILED: &str = "tcp_check_failed";
/// A configured URL does not answer as it should.
pub const HTTP_CHECK_FAILED: &str = "http_check_failed";
/// A certificate runs out soon, or has.
pub const CERTIFICATE_EXPIRING: &str = "certificate_expiring";
/// A file system is nearly full, or will be soon.
pub const DISK_FULL: &str = "disk_full";
/// A host has little memory left.
pub const MEMORY_PRESSURE: &str = "memory_pressure";
/// A host has more to do than its processors can.
pub const LOAD_HIGH: &str = "load_high";
/// A unit of systemd failed.
pub const SYSTEMD_UNIT_FAILED: &str = "systemd_unit_failed";
/// The newest file of a backup is too old.
pub const BACKUP_STALE: &str = "backup_stale";
/// A host's clock is off against the server's.
pub const CLOCK_SKEW: &str = "clock_skew";
/// An agent had to drop observations, since too many waited to be sent.
pub const OBSERVATIONS_DROPPED: &str = "observations_dropped";
/// A file that an agent keeps its memory or its spool in was damaged, and kept aside.
pub const AGENT_STATE_DAMAGED: &str = "agent_state_damaged";
/// The first passes of discovery over a network are done: what is there is known from now on.
pub const INVENTORY_BASELINE: &str = "inventory_baseline";
