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
