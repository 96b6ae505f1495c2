// SPDX-License-Identifier: MIT
//! A guest's conversion, as a kernel in Rust would have it: no std, the instruction itself.
#![no_std]
use core::arch::asm;

const SHARED: u64 = 1 << 47;
const PAGE: u64 = 4096;
const STALLS: u32 = 5;
const BUSY: u32 = 1000;

fn map_gpa(gpa: u64, size: u64) -> (u64, u64) {
    let (mut rax, mut r10, mut r11) = (0u64, 0u64, 0x10001u64);
    unsafe {
        asm!(".byte 0x66, 0x0f, 0x01, 0xcc", inout("rax") rax, in("rcx") 0x3c00u64, inout("r10") r10,
             inout("r11") r11, inout("r12") gpa => _, inout("r13") size => _);
    }
    (if rax != 0 { rax } else { r10 }, r11)
}

fn accept(gpa: u64) -> u64 {
    let mut rax = 6u64;
    unsafe {
        asm!(".byte 0x66, 0x0f, 0x01, 0xcc", inout("rax") rax, inout("rcx") gpa => _, out("rdx") _, out("r8") _);
    }
    rax
}

/// Ok: all of it. The error is what R10 or RAX was.
fn ask(gpa: u64, size: u64, s: u64) -> Result<u64, u64> {
    let (mut at, end, mut stalls) = (gpa, gpa + size, 0);
    loop {
        let (status, r11) = map_gpa(at | s, end - at);
        let next = r11 ^ s;
        match status {
            0 => return Ok(at),
            1 if next >= at && next < end && next % PAGE == 0 && stalls < STALLS => {
                stalls = if next > at { 0 } else { stalls + 1 };
                at = next;
            }
            error => return Err(error),
        }
    }
}

fn take(mut gpa: u64, end: u64) -> Result<(), u64> {
    while gpa < end {
        let mut status = accept(gpa);
        for _ in 0..BUSY {
            if status >> 32 != 0x8000_0200 {
                break;
            }
            status = accept(gpa);
        }
        if status != 0 {
            return Err(status);
        }
        gpa += PAGE;
    }
    Ok(())
}

pub fn convert(gpa: u64, size: u64, to_shared: bool) -> Result<(), u64> {
    ask(gpa, size, if to_shared { SHARED } else { 0 })?;
    if to_shared { Ok(()) } else { take(gpa, gpa + size) }
}

/// The same with a mistake: what the last call was about is accepted, and no more.
pub fn convert_tail(gpa: u64, size: u64, to_shared: bool) -> Result<(), u64> {
    let from = ask(gpa, size, if to_shared { SHARED } else { 0 })?;
    if to_shared { Ok(()) } else { take(from, gpa + size) }
}
