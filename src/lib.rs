//! Atlas Ops: signals in, incidents and runbooks out, one binary.
//!
//! # The crate map
//!
//! | room | owns |
//! | --- | --- |
//! | `main.rs` | parse, start logging, run, turn an error into message, hint and exit code |
//! | [`aside`] | work that blocks, on a thread made for waiting |
//! | [`agent`] | looks at this host, judges, spools, sends; `sys` touches the system |
//! | [`clock`] | the system's clock and randomness, asked at the edges only |
//! | [`cli`] | every clap struct: the whole command line, no behaviour |
//! | [`commands`] | one file per subcommand, each with one `run`; `install` fills in `templates/install/` |
//! | [`config`] | the ladder (defaults < file < environment < flags), secrets |
//! | [`error`] | the program's error: what was attempted, on what, cause, hint |
//! | [`flow`] | use cases over store and rules: ingest, lifecycle of incidents, silence, guided runs, board, suggest, seed |
//! | [`http`] | the one HTTP client |
//! | [`llm`] | the optional model: one question, one bounded answer |
//! | [`logging`] | log lines: format and filter, where they go, the log file's rotation |
//! | [`mcp`] | MCP over stdio: a client of the server by address and token, like the agent |
//! | [`packed`] | long text and tables that are part of the program, packed by `build.rs` |
//! | [`catalog`] | what ships inside the binary: the built-in runbooks |
//! | [`domain`] | values and rules; no clock, disk, network or randomness |
//! | [`server`] | the HTTP server: routes, authorisation, API, pages |
//! | [`store`] | the only place with SQL: one writer, many readers, migrations, backup |
//! | [`wire`] | what agent and server must agree on |
//! | [`yaml`] | the only file that names the YAML package |

pub mod agent;
pub mod aside;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod domain;
pub mod error;
pub mod flow;
pub mod http;
pub mod llm;
pub mod logging;
pub mod mcp;
pub mod packed;
pub mod server;
pub mod store;
pub mod wire;
pub mod yaml;
