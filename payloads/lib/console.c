/* SPDX-License-Identifier: MIT */
/* A payload's words: to the first serial port, by TDVMCALL; and its end. */
#include "payloads/lib/payload.h"

#define COM1		0x3f8
#define COM1_STATUS	(COM1 + 5)
#define STATUS_EMPTY	0x20u		/* 16550A: transmitter holding register empty */
#define PORT_END	0xf4		/* where QEMU's isa-debug-exit is in other test set-ups */

static volatile unsigned int console_lock;

static void put(char c)
{
	uint32_t value = 0;

	while (vmcall_port(COM1_STATUS, 1, false, &value) == TDVMCALL_SUCCESS && !(value & STATUS_EMPTY))
		__builtin_ia32_pause();
	value = (unsigned char)c;
	vmcall_port(COM1, 1, true, &value);
}

static void put_text(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			put('\r');
		put(*text);
	}
}

void console_puts(const char *text)
{
	lock(&console_lock);
	put_text(text);
	unlock(&console_lock);
}

static char *hex(uint64_t value, char text[17])
{
	char *p = text + 16;

	*p = '\0';
	do
		*--p = "0123456789abcdef"[value % 16];
	while (value /= 16);
	return p;
}

void payload_end(unsigned int status)
{
	uint32_t value = status;

	vmcall_port(PORT_END, 1, true, &value);
	for (;;)
		vmcall_halt(true);
}

/* Takes no lock: the vCPU may hold it already. */
void payload_panic(const char *why, uint64_t value)
{
	char text[17];

	put_text("payload: ");
	put_text(why);
	put_text(" 0x");
	put_text(hex(value, text));
	put_text("\n");
	payload_end(99);
}
