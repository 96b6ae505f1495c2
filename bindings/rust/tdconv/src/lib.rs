// SPDX-License-Identifier: MIT
//! libtdconv for a guest in Rust: `tdconv.h` is the manual. What it needs to convert and to undo, with no std.
#![no_std]
use core::ffi::c_void;

const PRIVATE: u32 = 0;
const SHARED: u32 = 1;
const LOST: usize = 4;

/* Room for struct tdconv and struct tdconv_result, whose fields are the library's: tests/rust.bats compares the sizes. */
#[repr(C, align(16))]
struct Tdconv([u8; 1024]);
#[repr(C, align(16))]
struct Outcome([u8; 512]);

#[repr(C)]
struct Lost {
    gpa: u64,
    bytes: u64,
}

#[repr(C)]
struct Quarantine {
    list: *mut Lost,
    room: u32,
    count: u32,
}

extern "C" {
    fn tdconv_init(tdc: *mut Tdconv, os: *mut c_void) -> u32;
    fn tdconv_convert(tdc: *mut Tdconv, gpa: u64, bytes: u64, to: u32, res: *mut Outcome) -> u32;
    fn tdconv_undo(tdc: *mut Tdconv, failed: *const Outcome, list: *mut Quarantine, res: *mut Outcome) -> u32;
}

/* What tdconv_os.h asks of an embedder: a kernel's would wait, keep a record and have memory to zero. */
#[no_mangle]
extern "C" fn tdconv_os_pause(os: *mut c_void, _why: u32, run: u64) -> bool {
    run <= os as usize as u64
}

#[no_mangle]
extern "C" fn tdconv_os_record(_os: *mut c_void, _gpa: u64, _bytes: u64) -> u32 {
    0
}

#[no_mangle]
extern "C" fn tdconv_os_zero(_os: *mut c_void, _gpa: u64, _bytes: u64) {}

/// One CPU of a guest.
pub struct Cpu {
    tdc: Tdconv,
    last: Outcome,
}

fn done(status: u32) -> Result<(), u32> {
    if status == 0 { Ok(()) } else { Err(status) }
}

impl Cpu {
    pub const fn new() -> Self {
        Cpu { tdc: Tdconv([0; 1024]), last: Outcome([0; 512]) }
    }

    /// patience: how often in a row it tries again what brings nothing. The error is an `enum tdconv_status`, here and
    /// below.
    pub fn init(&mut self, patience: usize) -> Result<(), u32> {
        done(unsafe { tdconv_init(&mut self.tdc, patience as *mut c_void) })
    }

    pub fn convert(&mut self, gpa: u64, bytes: u64, to_shared: bool) -> Result<(), u32> {
        let to = if to_shared { SHARED } else { PRIVATE };
        done(unsafe { tdconv_convert(&mut self.tdc, gpa, bytes, to, &mut self.last) })
    }

    /// Makes what the last conversion left unknown private again.
    pub fn undo(&mut self) -> Result<(), u32> {
        const NOTHING: Lost = Lost { gpa: 0, bytes: 0 };
        let mut lost = [NOTHING; LOST];
        let mut quarantine = Quarantine { list: lost.as_mut_ptr(), room: LOST as u32, count: 0 };
        let mut outcome = Outcome([0; 512]);
        done(unsafe { tdconv_undo(&mut self.tdc, &self.last, &mut quarantine, &mut outcome) })
    }
}
