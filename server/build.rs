//! The built site is embedded from `target/site`; a checkout that has not built it yet compiles too.

fn main() {
    println!("cargo:rerun-if-changed=../target/site");
    if let Err(error) = std::fs::create_dir_all("../target/site") {
        println!("cargo:warning=target/site could not be made, so there is no site to embed: {error}");
    }
}
