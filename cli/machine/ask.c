/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/machine/ask.h"
#include "cli/machine/engine.h"
#include "cli/tdlab.h"

/*
 * Linux holds back a writer once the messages that nobody has read fill SO_SNDBUF, of which each takes more than 512
 * bytes (socket(7); [linux:sock_alloc_send_pskb]); 1 becomes the least there is, 4608 bytes. So of
 * MACHINE_ASK_BYTES messages some wait.
 */
int ask_open(int ends[2])
{
	const int least = 1;

	ends[0] = ends[1] = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) || fcntl(ends[1], F_SETFD, 0) ||
	    setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &least, sizeof(least)))
		return complain(STATUS_ENVIRONMENT, "cannot make sockets: %s", strerror(errno));
	return 0;
}

void ask_close(int ends[2])
{
	for (int i = 0; i < 2; i++) {
		if (ends[i] >= 0)
			close(ends[i]);
		ends[i] = -1;
	}
}

bool ask_answer(int fd, const struct ram *ram)
{
	volatile struct monitor_status *status = ram_status(ram);
	char bytes[MACHINE_ASK_BYTES];
	uint64_t number;

	if (status && __atomic_load_n(&status->question.number, __ATOMIC_ACQUIRE) != status->question.answered) {
		number = status->question.number;
		status->question.untouched = engine_untouched(ram, status->question.gpa, status->question.pages);
		__atomic_store_n(&status->question.answered, number, __ATOMIC_RELEASE);
	}
	return recv(fd, bytes, sizeof(bytes), MSG_WAITALL) == sizeof(bytes);
}
