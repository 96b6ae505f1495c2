// SPDX-License-Identifier: MIT
//! Where libtdconv.a is: TDCONV_LIB_DIR, or build/ of the repository that this crate lies in.
use std::{env, path::PathBuf};

fn main() {
    println!("cargo:rerun-if-env-changed=TDCONV_LIB_DIR");
    let folder = env::var_os("TDCONV_LIB_DIR").map(PathBuf::from).unwrap_or_else(|| {
        PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../../../build")
    });
    println!("cargo:rerun-if-changed={}", folder.join("libtdconv.a").display());
    println!("cargo:rustc-link-search=native={}", folder.display());
    println!("cargo:rustc-link-lib=static=tdconv");
}
