/* SPDX-License-Identifier: MIT */
#include "monitor/state.h"

#include "monitor/io.h"

struct monitor_config config;
struct td *td;
struct persona persona;
struct vcpu *vcpus, *current;
uint64_t activity;

static uint32_t lock;

void state_lock(struct vcpu *vcpu)
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		cpu_pause();
	current = vcpu;
}

void state_unlock(void)
{
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}
