//! Builds the binary anew when a grammar comes or goes: the compiler itself only sees changes of files that it knows.

fn main() {
    println!("cargo:rerun-if-changed=grammars/formats");
    println!("cargo:rerun-if-changed=grammars/signatures");
}
