//! A shared library or engine is absent, or too new for the image.

use super::{Case, Cause, Diagnosis};

pub(super) use super::said as sign;

pub(super) const MEANING: &str = "a native library is missing or too new";
pub(super) const NEXT_STEP: &str =
    "Build in the Lambda base image of the same runtime (or link statically), or add the layer or binary target that the quoted line names.";
pub(super) const WORDS: &[&str] = &[
    "cannot open shared object file",
    "error while loading shared libraries",
    "GLIBC_",
    "GLIBCXX_",
    "CXXABI_",
    "Query engine library",
    "Query Engine library",
    "Query engine binary",
    "libquery_engine",
    "Prisma engines do not seem to be compatible",
    "UnsatisfiedLinkError",
    "DllNotFoundException",
    "Unable to load shared library",
    "Could not load the \"sharp\" module",
    "symbol lookup error",
    "undefined symbol",
    "Could not locate the Query Engine",
    "Could not find Chromium",
    "Could not find Chrome",
    "Importing the numpy C-extensions failed",
    "Couldn't find a valid ICU package",
    "Unable to import required dependencies:\\nnumpy",
    "libvips",
    "no native library is found",
];

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::NativeLibMissing, "A native library that the code needs is not in the image, or was built against a newer one.")
}
