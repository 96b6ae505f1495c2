/* SPDX-License-Identifier: MIT */
/*
 * The TD HOB: the list in which the VMM tells a TDVF what memory the TD has (TDVF Design Guide 344991, 4.2; PI
 * specification 1.8, volume 3, "HOB code definitions"). Pure.
 */
#ifndef IMAGE_TDHOB_H
#define IMAGE_TDHOB_H

#include "image/tdvf.h"

/*
 * Writes the list into data, for the guest address of the image's TD HOB section: low_bytes of RAM from 0 on, in one
 * run, and high_bytes from 4 GiB on. What the sections cover is there already, all else the firmware has to accept.
 * Returns the bytes that it needs; if they are more than room, data was not touched.
 */
size_t tdhob_build(const struct tdvf_image *image, uint64_t low_bytes, uint64_t high_bytes, uint8_t *data, size_t room);

#endif
