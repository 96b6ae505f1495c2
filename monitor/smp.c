/* SPDX-License-Identifier: MIT */
#include "monitor/smp.h"
#include "monitor/panic.h"

#include "monitor/idle.h"
#include "monitor/io.h"
#include "monitor/mem.h"
#include "monitor/run.h"
#include "monitor/shootdown.h"
#include "monitor/state.h"
#include "monitor/trap.h"
#include "monitor/vendor.h"
#include "wire/apic.h"

/* Local APIC registers and their fields: SDM volume 3A, "Advanced Programmable Interrupt Controller". */
#define LAPIC_ID		0x20
#define ICR_ASSERT_INIT		0x4500u
#define ICR_ASSERT_SIPI		0x4600u
#define NS_PER_MS		1000000u
#define MAILBOX_POLL_NS		(2 * NS_PER_MS)

#define AP_PAGE			0x8000u		/* as in boot.S */
#define AP_STACK_BYTES		16384
#define AP_WAIT_MS		1000

extern const uint8_t ap_code[];
extern const uint64_t ap_code_bytes, ap_cr3_offset;
extern uint64_t ap_stack;

void smp_ap_main(void) __attribute__((noreturn));

static volatile uint32_t here;		/* CPUs that have arrived in the monitor */
static struct load_start ap_start;
static uint64_t mailbox;		/* 0: the guest has its own */

void smp_nmi(uint32_t index)
{
	if (index >= config.td.vcpus || !vcpus[index].started)
		return;
	vcpus[index].nmi = 1;
	if (&vcpus[index] != current)
		shootdown_kick(&vcpus[index]);
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

	while (box->command != MAILBOX_WAKEUP || box->apic_id != apic_id(config.td.platform.cores, vcpu->index))
		idle_wait(vcpu, MAILBOX_POLL_NS);
	start.rip = box->wakeup_vector;
	start.rsi = vcpu->index;
	vendor_vcpu_start(vcpu, &start);
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
	state_lock(vcpu);
	vendor_vcpu_start(vcpu, &start);
	state_unlock();
	vcpu->started = 1;
}

void smp_ap_main(void)
{
	struct vcpu *vcpu = vcpus;
	uint32_t id = host_lapic_read(LAPIC_ID) >> 24;

	while (vcpu < vcpus + config.td.vcpus && apic_id(config.td.platform.cores, vcpu->index) != id)
		vcpu++;
	if (vcpu == vcpus + config.td.vcpus)
		panic("a CPU that is no vCPU's");
	trap_init();
	vendor_cpu_init();
	vendor_vcpu_init(vcpu);
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
