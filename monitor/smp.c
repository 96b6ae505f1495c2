/* SPDX-License-Identifier: MIT */
#include "monitor/smp.h"

#include "monitor/end.h"
#include "monitor/exit.h"
#include "monitor/explore.h"
#include "monitor/io.h"
#include "monitor/journal.h"
#include "monitor/lib.h"
#include "monitor/mem.h"
#include "monitor/npt.h"
#include "monitor/shootdown.h"
#include "monitor/svm/svm.h"
#include "monitor/trap.h"

/* Local APIC registers and their fields: SDM volume 3A, "Advanced Programmable Interrupt Controller". */
#define LAPIC_ID		0x20
#define LAPIC_IRR		0x200
#define LAPIC_LVT_TIMER		0x320
#define LAPIC_INITIAL_COUNT	0x380
#define LAPIC_CURRENT_COUNT	0x390
#define LAPIC_DIVIDE		0x3e0
#define ICR_ASSERT_INIT		0x4500u
#define ICR_ASSERT_SIPI		0x4600u
#define LVT_NMI			0x400u
#define DIVIDE_BY_1		0xbu

/* The guest's console, as payloads and ttyS0 have it: qemu hw/char/serial.c, a 16550A. */
#define COM1_IER		0x3f9
#define COM1_LCR		0x3fb
#define IER_RECEIVED		1u
#define LCR_DIVISOR		0x80u	/* other registers are there */

/* qemu hw/intc/apic.c: the timer counts nanoseconds. */
#define ALARM_MAX_MS		2000
#define NS_PER_MS		1000000u
#define MAILBOX_POLL_NS		(2 * NS_PER_MS)

#define AP_PAGE			0x8000u		/* as in boot.S */
#define AP_STACK_BYTES		16384
#define AP_WAIT_MS		1000

extern const uint8_t ap_code[];
extern const uint64_t ap_code_bytes, ap_cr3_offset;
extern uint64_t ap_stack;

void smp_ap_main(void) __attribute__((noreturn));

struct vcpu *vcpus, *current;

enum { HALTED_NOT, HALTED, HALTED_QUIET };

static uint32_t lock;
static volatile uint32_t here;		/* CPUs that have arrived in the monitor */
static uint64_t activity;
static struct load_start ap_start;
static uint64_t mailbox;		/* 0: the guest has its own */

void smp_lock(struct vcpu *vcpu)
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		cpu_pause();
	current = vcpu;
}

void smp_unlock(void)
{
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

void persona_nmi(uint32_t index)
{
	if (index >= config.td.vcpus || !vcpus[index].started)
		return;
	vcpus[index].nmi = 1;
	if (&vcpus[index] != current)
		shootdown_kick(&vcpus[index]);
}

void smp_activity(void)
{
	activity++;
}

/*
 * A timer of the monitor's own: the guest's, while the guest does not use it, set to bring an NMI. No interrupt of the
 * guest's is taken or lost by that.
 */
static void alarm_set(uint32_t ns, uint32_t saved[2])
{
	saved[0] = host_lapic_read(LAPIC_LVT_TIMER);
	saved[1] = host_lapic_read(LAPIC_DIVIDE);
	host_lapic_write(LAPIC_LVT_TIMER, LVT_NMI);
	host_lapic_write(LAPIC_DIVIDE, DIVIDE_BY_1);
	host_lapic_write(LAPIC_INITIAL_COUNT, ns);
}

static void alarm_clear(const uint32_t saved[2])
{
	host_lapic_write(LAPIC_INITIAL_COUNT, 0);
	host_lapic_write(LAPIC_LVT_TIMER, saved[0]);
	host_lapic_write(LAPIC_DIVIDE, saved[1]);
}

/* True: the alarm came before anything else. */
static bool wait_with_alarm(struct vcpu *vcpu, uint32_t ns)
{
	uint32_t saved[2];
	bool rang;

	alarm_set(ns, saved);
	rang = svm_wait(vcpu) && host_lapic_read(LAPIC_CURRENT_COUNT) == 0;
	alarm_clear(saved);
	return rang;
}

/*
 * Nothing can happen any more: every vCPU is halted with no timer armed, and this one has waited for an alarm in vain.
 * Or nothing did, for as long as the user said.
 */
static bool all_idle(bool rang)
{
	uint64_t limit = config.idle_ms * (config.td.tsc_hz / 1000);
	bool quiet = rang, long_enough = true;

	for (uint32_t i = 0; i < config.td.vcpus; i++) {
		const struct vcpu *vcpu = &vcpus[i];

		if (vcpu->parked || !vcpu->started)
			continue;
		quiet = quiet && vcpu->halted == HALTED_QUIET;
		long_enough = long_enough && vcpu->halted != HALTED_NOT && vcpu->idle_ticks >= limit;
	}
	return config.idle_ms != 0 && (quiet || long_enough);
}

static struct monitor_vcpu *seen(const struct vcpu *vcpu)
{
	return &journal_status()->vcpus[vcpu->index];
}

static void end_if_idle(struct vcpu *vcpu, bool rang)
{
	smp_lock(vcpu);
	if (all_idle(rang) && !explore_idle(vcpu)) {
		journal_status()->console_input = !(in8(COM1_LCR) & LCR_DIVISOR) && (in8(COM1_IER) & IER_RECEIVED);
		end_run_mark(TD_MARK_IDLE, vcpu->idle_ticks / (config.td.tsc_hz / 1000));
	}
	smp_unlock();
}

void smp_halt(struct vcpu *vcpu)
{
	uint64_t start = rdtsc();
	uint32_t ms = config.idle_ms < ALARM_MAX_MS ? (uint32_t)config.idle_ms : ALARM_MAX_MS;
	bool rang = false;

	if (vcpu->nmi)
		return;
	if (vcpu->activity_seen != activity) {
		vcpu->activity_seen = activity;
		vcpu->idle_ticks = 0;
	}
	seen(vcpu)->doing = MONITOR_HALTED;
	if (ms == 0 || lapic_timer_armed(&vcpu->persona)) {
		vcpu->halted = HALTED;
		svm_wait(vcpu);
	} else {
		vcpu->halted = HALTED_QUIET;
		rang = wait_with_alarm(vcpu, ms * NS_PER_MS);
	}
	vcpu->idle_ticks += rdtsc() - start;
	if (rang || vcpu->idle_ticks / (config.td.tsc_hz / 1000) >= config.idle_ms)
		end_if_idle(vcpu, rang);
	vcpu->halted = HALTED_NOT;
	seen(vcpu)->doing = MONITOR_RUNS;
}

static void note_pending(const struct vcpu *vcpu)
{
	for (uint32_t i = 0; i < MONITOR_IRR_WORDS; i++)
		seen(vcpu)->pending[i] = host_lapic_read(LAPIC_IRR + (i << 4));
}

/* The last one to park leaves nobody who could wake another. */
void smp_park(struct vcpu *vcpu)
{
	vcpu->parked = 1;
	seen(vcpu)->doing = MONITOR_PARKED;
	note_pending(vcpu);
	end_if_idle(vcpu, true);
	while (vcpu->parked) {
		svm_wait(vcpu);
		note_pending(vcpu);
	}
	seen(vcpu)->doing = MONITOR_RUNS;
}

static void __attribute__((noreturn)) run(struct vcpu *vcpu)
{
	struct vm_exit vm_exit;
	enum td_action next;

	seen(vcpu)->doing = MONITOR_RUNS;
	for (;;) {
		svm_run(vcpu, &vm_exit);
		smp_lock(vcpu);
		next = exit_handle(vcpu, &vm_exit);
		npt_sync();
		smp_unlock();
		if (next == TD_HALT)
			smp_halt(vcpu);
		else if (next == TD_PARK)
			smp_park(vcpu);
	}
}

/* ACPI 6.4, 5.2.12.19: "Multiprocessor Wakeup Mailbox Structure". */
struct mailbox {
	volatile uint16_t command;
	uint16_t reserved;
	volatile uint32_t apic_id;
	volatile uint64_t wakeup_vector;
};

#define MAILBOX_WAKEUP 1

/* A timer and not a busy loop: with one thread for all CPUs, a waiting one would take the others' time. */
static void wait_for_mailbox(struct vcpu *vcpu)
{
	struct mailbox *box = mem_private(mailbox, sizeof(*box));
	struct load_start start = ap_start;

	while (box->command != MAILBOX_WAKEUP || box->apic_id != vcpu->index)
		wait_with_alarm(vcpu, MAILBOX_POLL_NS);
	start.rip = box->wakeup_vector;
	start.rsi = vcpu->index;
	svm_vcpu_start(vcpu, &start);
	vcpu->started = 1;
	__atomic_store_n(&box->command, 0, __ATOMIC_RELEASE);
}

/* Firmware starts on all CPUs at once, and has those that are not the first wait in a mailbox of its own. */
static void start_with_firmware(struct vcpu *vcpu)
{
	struct load_start start = ap_start;

	while (!vcpus[0].started)
		cpu_pause();
	start.rsi = vcpu->index;
	smp_lock(vcpu);
	svm_vcpu_start(vcpu, &start);
	smp_unlock();
	vcpu->started = 1;
}

void smp_ap_main(void)
{
	struct vcpu *vcpu = &vcpus[host_lapic_read(LAPIC_ID) >> 24];

	trap_init();
	svm_cpu_init();
	svm_vcpu_init(vcpu);
	persona_vcpu_init(&vcpu->persona, &persona, vcpu->index);
	__atomic_add_fetch(&here, 1, __ATOMIC_SEQ_CST);
	if (mailbox != 0)
		wait_for_mailbox(vcpu);
	else
		start_with_firmware(vcpu);
	run(vcpu);
}

static void delay(uint64_t us)
{
	uint64_t end = rdtsc() + us * (config.td.tsc_hz / 1000000);

	while (rdtsc() < end)
		cpu_pause();
}

/* A SIPI that comes before the INIT has been taken is lost, and one that comes twice is ignored. */
static void start_one(uint32_t index)
{
	uint32_t tries;

	ap_stack = (uint64_t)mem_alloc(AP_STACK_BYTES) + AP_STACK_BYTES;
	shootdown_send(index, ICR_ASSERT_INIT);
	delay(1000);
	for (tries = 0; here != index && tries < AP_WAIT_MS; tries++) {
		shootdown_send(index, ICR_ASSERT_SIPI | AP_PAGE >> 12);
		delay(1000);
	}
	if (here != index)
		panic("CPU %u does not start: QEMU needs -smp %u", index, config.td.vcpus);
}

void smp_start(const struct load_result *loaded)
{
	ap_start = loaded->start;
	if (!loaded->firmware)
		ap_start.rdi = ap_start.rdx = ap_start.rsp = 0;
	mailbox = loaded->mailbox;
	mem_identity(true);
	memcpy(mem_machine(AP_PAGE), ap_code, ap_code_bytes);
	*(uint32_t *)mem_machine(AP_PAGE + ap_cr3_offset) = mem_page_tables();
	for (uint32_t i = 1; i < config.td.vcpus; i++)
		start_one(i);
	memset(mem_machine(AP_PAGE), 0, ap_code_bytes);
	mem_identity(false);
}

void smp_run_first(struct vcpu *vcpu)
{
	vcpu->started = 1;
	journal_status()->tsc_start = rdtsc();
	run(vcpu);
}
