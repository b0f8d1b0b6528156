//! The sources take their locks from shuttle.

fn main() {
    println!("cargo::rustc-cfg=shuttle");
}
