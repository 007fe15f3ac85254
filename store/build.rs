//! Tells cargo that new migrations change what `sqlx::migrate!` embeds.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
