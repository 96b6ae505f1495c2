// SPDX-License-Identifier: MIT
//! libtdconv as a guest in Rust, with its way back; and what comes of it in the hands of those who know better.
use std::cell::UnsafeCell;

use tdconv::Cpu;
use tdlab::{explore, Guest, Options, Outcome, FAIL, PASS, TO_SHARED};

const PATIENCE: usize = 8; /* more than any VMM of an exploration takes, and soon exhausted */

/* A process of the guest has one thread, and is left wherever its TD ends. */
struct OneThread(UnsafeCell<Cpu>);
unsafe impl Sync for OneThread {}
static CPU: OneThread = OneThread(UnsafeCell::new(Cpu::new()));

fn cpu() -> &'static mut Cpu {
    unsafe { &mut *CPU.0.get() }
}

fn convert(gpa: u64, size: u64, to_shared: bool, patience: usize) -> Result<(), i32> {
    cpu().init(patience).and_then(|()| cpu().convert(gpa, size, to_shared)).map_err(|e| e as i32)
}

fn undo(_gpa: u64, _size: u64) -> Result<(), i32> {
    cpu().undo().map_err(|e| e as i32)
}

/// It begins anew with each conversion.
struct Library;
impl Guest for Library {
    const RESET: bool = true;
    const UNDO: bool = true;
    fn convert(gpa: u64, size: u64, to_shared: bool) -> Result<(), i32> {
        convert(gpa, size, to_shared, PATIENCE)
    }
    fn undo(gpa: u64, size: u64) -> Result<(), i32> {
        undo(gpa, size)
    }
}

/// Nobody waits for a VMM that stalls twice.
struct Hasty;
impl Guest for Hasty {
    const RESET: bool = true;
    fn convert(gpa: u64, size: u64, to_shared: bool) -> Result<(), i32> {
        convert(gpa, size, to_shared, 1)
    }
}

/// Nobody looks at what it says.
struct Careless;
impl Guest for Careless {
    const RESET: bool = true;
    fn convert(gpa: u64, size: u64, to_shared: bool) -> Result<(), i32> {
        convert(gpa, size, to_shared, PATIENCE).or(Ok(()))
    }
}

/// The memory goes back to its owner although it did not come back.
struct Optimist;
impl Guest for Optimist {
    const RESET: bool = true;
    const UNDO: bool = true;
    const DIRECTIONS: u32 = TO_SHARED;
    fn convert(gpa: u64, size: u64, to_shared: bool) -> Result<(), i32> {
        convert(gpa, size, to_shared, PATIENCE)
    }
    fn undo(gpa: u64, size: u64) -> Result<(), i32> {
        undo(gpa, size).or(Ok(()))
    }
}

fn explored<G: Guest>(depth: u32) -> Outcome {
    explore::<G>(&Options { depth, ..Options::default() })
}

fn found<G: Guest>(depth: u32) -> Vec<String> {
    let r = explored::<G>(depth);

    assert_eq!(r.verdict, FAIL, "{}", r.report);
    r.findings.iter().map(|f| format!("{} {} {}", f.name, f.direction, f.answers)).collect()
}

#[test]
fn the_library_is_clean_in_both_directions() {
    let r = explored::<Library>(4);

    assert_eq!((r.verdict, r.found), (PASS, 0), "{}", r.report);
    assert!(r.sequences > 10000);
}

#[test]
fn what_is_wrong_around_it_is_found() {
    assert_eq!(found::<Hasty>(3), ["abandoned 1 stall,stall", "abandoned 2 stall,stall"]);
    assert_eq!(found::<Careless>(2), ["false-success 1 invalid", "false-success 1 end", "pending-access 2 no-size",
                                      "false-success 2 invalid", "false-success 2 end"]);
    assert_eq!(found::<Optimist>(1), ["false-success 1 stall", "false-success 1 beyond,beyond"]);
}
