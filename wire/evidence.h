/* SPDX-License-Identifier: MIT */
/*
 * What the initrd of scripts/mkinitrd and the command agree on.
 *
 * To the initrd: the kernel command line carries EVIDENCE_NONCE and a random word, the same for the same --seed. Where
 * that line lies on a disk and not in the command's hands, the word is the disk's serial number. "tdlab.stress" there
 * asks for the step that fills memory, "tdlab.kexec" for an end in which the kernel makes all its memory private, and
 * "tdlab.kexec=no" behind it for none.
 * Modules come in a second cpio archive behind the initrd's own: /modules/NN-name.ko, already decompressed, loaded in
 * the order of their names; the command takes them from --modules DIR (a kernel package's module tree or a kernel build
 * tree). Without any, drivers built into the kernel are used.
 *
 * A command of the user's comes the same way: /command is a script that init has sh run, with what it prints on a
 * serial port of its own (wire/machine.h, MACHINE_OUTPUT_INDEX) and nothing to read. "applets" is the list of what the
 * initrd's busybox can do, by name.
 *
 * From the initrd: lines that contain EVIDENCE_PREFIX and then one of the texts below. They go to a serial port that
 * is there for nothing else (wire/machine.h, MACHINE_UART), and so into the journal, whatever becomes of the
 * console. For people to see, and for kernels without that port, they also go through /dev/kmsg, so that each is a
 * whole line with a time stamp before it, also with `quiet`, and never mixed with the kernel's own messages.
 *
 *   tdlab: init NONCE                    user space was reached
 *   tdlab: device vda BYTES SHA256       the disk's first 4 MiB, or all of a smaller one, were read bypassing the page
 *                                        cache: how many bytes and their sha256 in hex
 *   tdlab: device none                   no disk turned up, and no driver for it is there
 *   tdlab: device missing                no disk turned up, although its driver is there
 *   tdlab: removed vda                   its driver let go of it, so its shared memory goes back to private
 *   tdlab: failed TEXT                   a step failed; the run goes on
 *   tdlab: module NAME ADDRESS           it was loaded, and its code (.text) is there
 *   tdlab: net NAME                      a virtio network card: the gateway answered
 *   tdlab: stress unaccepted N kB, then N kB; N files of 16 MiB, N wrong
 *                                        files in memory until none was unaccepted, read again
 *   tdlab: eventlog BYTES                the event log of the firmware (ACPI table CCEL) has so many; none without it
 *   tdlab: eventlog OFFSET BASE64        a part of it; what is left out is filler, 0xff
 *   tdlab: exit NONCE STATUS             the user's command ended with that, 128 + N: killed by signal N. By the serial
 *                                        port for evidence alone: never by the console, where anybody may write
 *   tdlab: kexec none                    it was asked for ("tdlab.kexec" on the command line), and the kernel cannot
 *   tdlab: done                          last; power-off follows
 *   tdlab: kexec                         ... or kexec, and this is what was started; then it powers off
 *
 * The kernel prints its command line too, so only "tdlab: init " and the nonce together count.
 *
 * A payload may print the same lines. It need not: its end with status 0 (TD_MARK_SHUTDOWN), which comes through the
 * journal of this very run, is evidence enough.
 */
#ifndef WIRE_EVIDENCE_H
#define WIRE_EVIDENCE_H

#define EVIDENCE_NONCE		"tdlab.nonce="
#define EVIDENCE_PREFIX		"tdlab: "
#define EVIDENCE_INIT		"init "
#define EVIDENCE_DEVICE		"device "
#define EVIDENCE_DEVICE_BYTES	(4u << 20)	/* of a disk that are read at most */
#define EVIDENCE_NO_DEVICE	"device none"
#define EVIDENCE_MISSING	"device missing"
#define EVIDENCE_REMOVED	"removed "
#define EVIDENCE_FAILED		"failed "
#define EVIDENCE_DEVICE_FAILED	EVIDENCE_FAILED "read vda"
#define EVIDENCE_EVENTLOG	"eventlog "
#define EVIDENCE_MODULE		"module "
#define EVIDENCE_NET		"net "
#define EVIDENCE_STRESS		"stress "
#define EVIDENCE_STRESS_FORMAT	"unaccepted %" SCNu64 " kB, then %" SCNu64 " kB; %u files of 16 MiB, %u wrong"
#define EVIDENCE_EXIT		"exit "
#define EVIDENCE_KEXEC		"kexec"
#define EVIDENCE_DONE		"done"
#define EVIDENCE_MODULE_DIR	"modules"
#define EVIDENCE_COMMAND	"command"
#define EVIDENCE_APPLETS	"applets"

/* In an initrd of the user's own: cli/first/, which says "init NONCE", and where it finds the nonce. */
#define EVIDENCE_FIRST		"tdlab-first"
#define EVIDENCE_FIRST_NONCE	"tdlab_nonce="

#endif
