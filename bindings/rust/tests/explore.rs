// SPDX-License-Identifier: MIT
use tdlab::{explore, Guest, Options, FAIL, INCONCLUSIVE, PASS, REFUSED, TO_PRIVATE, TO_SHARED};

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

const SHALLOW: Options = Options {
    directions: 0, depth: 3, stalls: 0, pages: 0, at: 0, random: 0, seed: 0, seconds: 0.0, answers: None,
};

#[test]
fn correct_passes() {
    let r = explore::<Correct>(&SHALLOW);
    assert_eq!((r.verdict, r.found), (PASS, 0), "{}", r.report);
    assert!(r.sequences > 1000);
}

#[test]
fn what_is_accepted_in_part_is_found() {
    let r = explore::<Tail>(&SHALLOW);
    assert_eq!(r.verdict, FAIL, "{}", r.report);
    let f = &r.findings[0];
    assert_eq!((f.name.as_str(), f.cause.as_str(), f.answers.as_str()), ("pending-access", "permitted", "first"));
    assert_eq!(f.direction, TO_PRIVATE);
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
