# SPDX-License-Identifier: MIT
ALL += $(B)/initrd.cpio

$(B)/initrd.cpio: scripts/mkinitrd scripts/initrd-init $(B)/payloads/kexec
	scripts/mkinitrd $@ $(B)/payloads/kexec

## make mutate     mutants, one change each, of libtdconv (noticed by a test, by a goal of the proof, or explained), of
##                 td/ and of cli/verdict/ (a sample: SAMPLE=300 SEED=1, for at most T=1800 seconds each). One of the
##                 three: make mutate-guest, mutate-td, mutate-verdict
mutate: mutate-guest mutate-td mutate-verdict

mutate-guest:
	$(NEEDS) boot check prove
	scripts/mutate guest

mutate-td mutate-verdict: SAMPLE := 300
mutate-td mutate-verdict: SEED := 1
mutate-td mutate-verdict: T := 1800
mutate-td mutate-verdict: mutate-%:
	$(NEEDS) boot check
	$(MAKE) all $(B)/libsim.a
	scripts/mutate $* --sample $(SAMPLE) --seed $(SEED) --seconds $(T)

.PHONY: mutate mutate-guest mutate-td mutate-verdict
