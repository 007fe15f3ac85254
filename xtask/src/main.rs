//! The one driver of Gatebook's builds, tests and demo: `cargo xtask --help` lists what it does.

mod bench;
mod build_settings;
mod chromium;
mod cli;
mod crash;
mod css;
mod debian_rust_src;
mod demo;
mod demo_state;
mod fuzz;
mod interrupt;
mod it_test;
mod mirror;
mod npm;
mod postgres;
mod process;
mod progress;
mod release;
mod search_path;
mod site;
mod sqlx_data;
mod tally;
mod test;
mod test_steps;
mod upgrade;
mod wasm_target;

fn main() -> std::process::ExitCode {
    cli::run()
}
