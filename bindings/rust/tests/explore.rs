// SPDX-License-Identifier: MIT
use tdlab::{done, explore, note, tdcall, Guest, Options, FAIL, INCONCLUSIVE, PASS, REFUSED, TO_PRIVATE, TO_SHARED};

fn error(e: u64) -> i32 {
    e as i32
}

struct Correct;
impl Guest for Correct {
    const RESET: bool = true;
    fn convert(gpa: u64, size: u64, to_shared: bool) -> Result<(), i32> {
        guest::convert(gpa, size, to_shared).map_err(error)
    }
}

struct Tail;
impl Guest for Tail {
    const RESET: bool = true;
    fn convert(gpa: u64, size: u64, to_shared: bool) -> Result<(), i32> {
        guest::convert_tail(gpa, size, to_shared).map_err(error)
    }
}

/// It panics where it is refused, as kernels do, and where it was only to go on, if FRAGILE.
struct Panics<const FRAGILE: bool>;
impl<const FRAGILE: bool> Guest for Panics<FRAGILE> {
    const DIRECTIONS: u32 = TO_SHARED;
    const RESET: bool = true;
    fn convert(gpa: u64, size: u64, to_shared: bool) -> Result<(), i32> {
        guest::convert(gpa, size, to_shared).expect("cannot go on");
        assert!(!FRAGILE);
        Ok(())
    }
}

/// Its TDCALLs go through one function, and accepting is a function of its own; LEAVES, so many pages are left out.
struct Parts<const LEAVES: u64>;
impl<const LEAVES: u64> Guest for Parts<LEAVES> {
    const NAME: &'static str = "in parts";
    const RESET: bool = true;
    const ACCEPT: bool = true;
    fn convert(gpa: u64, size: u64, to_shared: bool) -> Result<(), i32> {
        let (s, mut at, mut stalls) = (if to_shared { 1 << 47 } else { 0 }, gpa, 0);
        loop {
            let mut r = [0, 0x3c00, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10001, at | s, gpa + size - at, 0, 0];
            tdcall(&mut r);
            let next = r[11] ^ s;
            match r[10] {
                0 => return Ok(()),
                1 if next >= at && next < gpa + size && next % 4096 == 0 && stalls < 5 => {
                    stalls = if next > at { 0 } else { stalls + 1 };
                    at = next;
                }
                error => return Err(error as i32),
            }
        }
    }
    fn accept(gpa: u64, size: u64) -> Result<(), i32> {
        for page in (gpa..gpa + size - LEAVES * 4096).step_by(4096) {
            let mut r = [6, page, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            while { tdcall(&mut r); r[0] >> 32 == 0x8000_0200 } {
                r[0] = 6;
            }
            if r[0] != 0 {
                return Err((r[0] >> 32) as i32);
            }
        }
        Ok(())
    }
}

/// What it refuses it says is converted.
struct Claims;
impl Guest for Claims {
    const RESET: bool = true;
    const DIRECTIONS: u32 = TO_SHARED;
    fn convert(gpa: u64, size: u64, to_shared: bool) -> Result<(), i32> {
        guest::convert(gpa, size, to_shared).map_err(|e| {
            note("gives up");
            done(size);
            error(e)
        })
    }
}

/// It converts two pages at a time.
struct Pairs<const UNIT: u64>;
impl<const UNIT: u64> Guest for Pairs<UNIT> {
    const RESET: bool = true;
    const UNIT: u64 = UNIT;
    const DIRECTIONS: u32 = TO_SHARED;
    fn convert(gpa: u64, _size: u64, to_shared: bool) -> Result<(), i32> {
        guest::convert(gpa & !8191, 8192, to_shared).map_err(error)
    }
}

const SHALLOW: Options = Options {
    directions: 0, depth: 3, stalls: 0, pages: 0, at: 0, random: 0, seed: 0, seconds: 0.0, answers: None,
};

#[test]
fn correct_passes() {
    let r = explore::<Correct>(&SHALLOW);
    assert_eq!((r.verdict, r.found), (PASS, 0), "{}", r.report);
    assert!(r.sequences > 1000 && r.calls > r.sequences && r.tdcalls > r.calls && r.seconds > 0.0);
}

#[test]
fn accept_is_a_function_of_its_own() {
    let r = explore::<Parts<0>>(&SHALLOW);
    assert_eq!((r.verdict, r.found), (PASS, 0), "{}", r.report);
    assert!(r.report.starts_with("guest      in parts\n"), "{}", r.report);
    let r = explore::<Parts<1>>(&SHALLOW);
    assert_eq!((r.verdict, r.findings[0].name.as_str()), (FAIL, "pending-access"), "{}", r.report);
}

#[test]
fn what_is_said_to_be_done_is_judged() {
    let r = explore::<Claims>(&Options { depth: 1, ..SHALLOW });
    assert_eq!((r.verdict, r.findings[0].name.as_str()), (FAIL, "false-success"), "{}", r.report);
    assert_ne!(r.findings[0].returned, 0);
    let r = explore::<Claims>(&Options { answers: Some("unknown"), ..SHALLOW });
    assert_eq!((r.verdict, r.findings[0].returned), (FAIL, 0xdead), "{}", r.report);
}

#[test]
fn a_unit_is_the_guests_to_convert() {
    let one = Options { depth: 1, at: 0x40009000, pages: 1, ..SHALLOW };
    let r = explore::<Pairs<0>>(&one);
    assert_eq!((r.verdict, r.findings[0].name.as_str()), (FAIL, "outside-request"), "{}", r.report);
    assert_eq!(explore::<Pairs<8192>>(&one).found, 0);
}

#[test]
fn what_is_accepted_in_part_is_found() {
    let r = explore::<Tail>(&SHALLOW);
    assert_eq!(r.verdict, FAIL, "{}", r.report);
    let f = &r.findings[0];
    assert_eq!((f.name.as_str(), f.cause.as_str(), f.answers.as_str()), ("pending-access", "permitted", "first"));
    assert_eq!((f.direction, f.returned), (TO_PRIVATE, 0));
    let again = explore::<Tail>(&Options { directions: TO_PRIVATE, answers: Some(&f.answers), ..SHALLOW });
    assert_eq!((again.verdict, again.sequences), (FAIL, 1), "{}", again.report);
}

#[test]
fn a_panic_is_containment_where_the_vmm_refused_and_a_finding_where_it_did_not() {
    let r = explore::<Panics<false>>(&Options { depth: 2, ..SHALLOW });
    assert_eq!(r.verdict, PASS, "{}", r.report);
    let r = explore::<Panics<true>>(&Options { depth: 1, ..SHALLOW });
    assert_eq!((r.verdict, r.findings[0].name.as_str()), (FAIL, "abandoned"), "{}", r.report);
}

#[test]
fn what_cannot_be_is_said() {
    assert_eq!(explore::<Correct>(&Options { depth: 65, ..SHALLOW }).verdict, REFUSED);
    assert_eq!(explore::<Correct>(&Options { pages: 1, ..SHALLOW }).verdict, INCONCLUSIVE);
    let r = explore::<Panics<false>>(&Options { directions: TO_PRIVATE, ..SHALLOW });
    assert_eq!((r.verdict, r.sequences), (PASS, 0));
    assert!(r.why.starts_with("not applicable: "), "{}", r.why);
}
