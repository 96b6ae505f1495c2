// SPDX-License-Identifier: MIT
//! libtdlab for guests in Rust: `tdlab.h` is the manual, and the names are its.
//!
//! A guest that has to be stopped within a call is left without its destructors being run; it must hold nothing then that
//! the next call waits for, or have no `RESET`, and get a new process.
use std::ffi::{CStr, CString};
use std::os::raw::{c_char, c_int};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::null;

pub const TO_SHARED: u32 = 1;
pub const TO_PRIVATE: u32 = 2;

pub const LEAKS: u32 = 0;
pub const USES_OLD: u32 = 1;
pub const USES_NEW: u32 = 2;

pub const PASS: c_int = 0;
pub const FAIL: c_int = 1;
pub const REFUSED: c_int = 2;
pub const ENVIRONMENT: c_int = 3;
pub const INCONCLUSIVE: c_int = 5;

/// A guest: what it is made of is in statics of its own. Errors come back in reports; 0 is taken for -1.
pub trait Guest {
    /// In reports.
    const NAME: &'static str = "a harness";
    const DIRECTIONS: u32 = 0;
    /// 40 to 52; 0: 48.
    const GPAW: u32 = 0;
    /// Bytes: it takes multiples of that.
    const ALIGN: u64 = 0;
    /// Bytes: it converts no less at a time, aligned.
    const UNIT: u64 = 0;
    /// Whether `reset()` makes it as it was in the beginning, even if it was stopped within a call.
    const RESET: bool = false;
    /// Whether `convert()` leaves accepting to `accept()`.
    const ACCEPT: bool = false;
    /// Whether it has a way back, `undo()`.
    const UNDO: bool = false;
    /// What becomes of memory that did not come back: `LEAKS`, `USES_OLD`, `USES_NEW`.
    const AFTER_ERROR: u32 = LEAKS;

    fn convert(gpa: u64, size: u64, to_shared: bool) -> Result<(), i32>;
    fn accept(_gpa: u64, _size: u64) -> Result<(), i32> {
        Err(-1)
    }
    fn reset() {}
    fn undo(_gpa: u64, _size: u64) -> Result<(), i32> {
        Err(-1)
    }
}

/// What is 0 or `None` is as it is without it.
#[derive(Default)]
pub struct Options<'a> {
    pub directions: u32,
    pub depth: u32,
    pub stalls: u32,
    pub pages: u32,
    pub at: u64,
    pub random: u64,
    pub seed: u64,
    pub seconds: f64,
    pub answers: Option<&'a str>,
}

#[derive(Debug)]
pub struct Finding {
    pub name: String,
    pub cause: String,
    pub direction: u32,
    pub pages: u32,
    pub at: u64,
    pub sequences: u64,
    pub answers: String,
    pub text: String,
    /// By `convert()` or `accept()`; 0 also if it was stopped, or crashed.
    pub returned: i32,
}

#[derive(Debug)]
pub struct Outcome {
    pub verdict: c_int,
    pub why: String,
    pub findings: Vec<Finding>,
    /// More than `findings` may have.
    pub found: u32,
    pub sequences: u64,
    /// MapGPA, and TDCALLs in all.
    pub calls: u64,
    pub tdcalls: u64,
    pub seconds: f64,
    pub report: String,
}

/* As in tdlab.h. */
#[repr(C)]
struct RawGuest {
    version: u32,
    convert: extern "C" fn(u64, u64, c_int) -> c_int,
    accept: Option<extern "C" fn(u64, u64) -> c_int>,
    undo: Option<extern "C" fn(u64, u64) -> c_int>,
    reset: Option<extern "C" fn()>,
    name: *const c_char,
    directions: u32,
    after_error: u32,
    gpaw: u32,
    align: u64,
    unit: u64,
}

#[repr(C)]
struct RawOptions {
    directions: u32,
    depth: u32,
    stalls: u32,
    pages: u32,
    at: u64,
    random: u64,
    seed: u64,
    seconds: f64,
    answers: *const c_char,
}

#[repr(C)]
struct RawFinding {
    name: *const c_char,
    cause: *const c_char,
    direction: u32,
    pages: u32,
    at: u64,
    sequences: u64,
    answers: [c_char; 1024],
    text: [c_char; 480],
    returned: c_int,
}

#[repr(C)]
struct RawResult {
    verdict: c_int,
    why: [c_char; 200],
    found: u32,
    kept: u32,
    findings: [RawFinding; 32],
    sequences: u64,
    calls: u64,
    tdcalls: u64,
    seconds: f64,
    report: [c_char; 16384],
}

extern "C" {
    fn tdlab_explore(guest: *const RawGuest, options: *const RawOptions, result: *mut RawResult) -> c_int;
    fn tdlab_stop(text: *const c_char) -> !;
    fn tdlab_touch(gpa: u64, shared: c_int, write: c_int);
    fn tdlab_done(bytes: u64);
    fn tdlab_note(text: *const c_char);
    fn tdlab_tdcall(gpr: *mut u64);
}

fn words(text: &str) -> CString {
    CString::new(text.replace('\0', " ")).unwrap_or_default()
}

/// The guest gives up and ends itself: containment, not a crash.
pub fn stop(text: &str) -> ! {
    unsafe { tdlab_stop(words(text).as_ptr()) }
}

/// One TDCALL: RAX RCX RDX RBX RSP RBP RSI RDI R8 ... R15, in and out. For code that has one function for it.
pub fn tdcall(gpr: &mut [u64; 16]) {
    unsafe { tdlab_tdcall(gpr.as_mut_ptr()) }
}

/// It will fail, but so many bytes from the start on are converted, and will be used like that.
pub fn done(bytes: u64) {
    unsafe { tdlab_done(bytes) }
}

/// A line for the journal.
pub fn note(text: &str) {
    unsafe { tdlab_note(words(text).as_ptr()) }
}

/// The guest uses memory, and is judged by it.
pub fn touch(gpa: u64, shared: bool, write: bool) {
    unsafe { tdlab_touch(gpa, shared.into(), write.into()) }
}

/* A panic is the guest's: it ends itself, and does not unwind into C. */
fn caught(call: impl FnOnce() -> Result<(), i32>) -> c_int {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(())) => 0,
        Ok(Err(0)) => -1,
        Ok(Err(error)) => error,
        Err(_) => stop("panicked"),
    }
}

extern "C" fn convert<G: Guest>(gpa: u64, size: u64, to_shared: c_int) -> c_int {
    caught(|| G::convert(gpa, size, to_shared != 0))
}

extern "C" fn accept<G: Guest>(gpa: u64, size: u64) -> c_int {
    caught(|| G::accept(gpa, size))
}

extern "C" fn undo<G: Guest>(gpa: u64, size: u64) -> c_int {
    caught(|| G::undo(gpa, size))
}

extern "C" fn reset<G: Guest>() {
    G::reset()
}

fn text(from: *const c_char) -> String {
    unsafe { CStr::from_ptr(from) }.to_string_lossy().into_owned()
}

fn finding(f: &RawFinding) -> Finding {
    Finding {
        name: text(f.name),
        cause: text(f.cause),
        direction: f.direction,
        pages: f.pages,
        at: f.at,
        sequences: f.sequences,
        answers: text(f.answers.as_ptr()),
        text: text(f.text.as_ptr()),
        returned: f.returned,
    }
}

/// `tdlab_explore()`: the guest under every sequence of answers, in the directions that it has.
pub fn explore<G: Guest>(options: &Options) -> Outcome {
    let answers = options.answers.map(|a| CString::new(a).expect("answers are words"));
    let name = words(G::NAME);
    let guest = RawGuest {
        version: 1,
        convert: convert::<G>,
        accept: if G::ACCEPT { Some(accept::<G>) } else { None },
        undo: if G::UNDO { Some(undo::<G>) } else { None },
        reset: if G::RESET { Some(reset::<G>) } else { None },
        name: name.as_ptr(),
        directions: G::DIRECTIONS,
        after_error: G::AFTER_ERROR,
        gpaw: G::GPAW,
        align: G::ALIGN,
        unit: G::UNIT,
    };
    let raw = RawOptions {
        directions: options.directions,
        depth: options.depth,
        stalls: options.stalls,
        pages: options.pages,
        at: options.at,
        random: options.random,
        seed: options.seed,
        seconds: options.seconds,
        answers: answers.as_ref().map_or(null(), |a| a.as_ptr()),
    };
    /* All of its fields are numbers, and pointers that may be NULL. */
    let mut result: Box<RawResult> = Box::new(unsafe { std::mem::zeroed() });
    let verdict = unsafe { tdlab_explore(&guest, &raw, &mut *result) };

    Outcome {
        verdict,
        why: text(result.why.as_ptr()),
        findings: result.findings[..result.kept as usize].iter().map(finding).collect(),
        found: result.found,
        sequences: result.sequences,
        calls: result.calls,
        tdcalls: result.tdcalls,
        seconds: result.seconds,
        report: text(result.report.as_ptr()),
    }
}
