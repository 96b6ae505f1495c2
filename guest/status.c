/* SPDX-License-Identifier: MIT */
/* What a status is called, and whose doing it is. */
#include "tdconv.h"

/*@ assigns \result \from status;
  @ ensures \valid_read(\result);
  @*/
const char *tdconv_strstatus(enum tdconv_status status)
{
	switch (status) {
	case TDCONV_OK: return "done";
	case TDCONV_E_ARGUMENT: return "not a range of whole pages below the shared bit";
	case TDCONV_E_NO_TD: return "not running in a TD";
	case TDCONV_E_MODULE: return "the TDX module refused TDG.VP.VMCALL";
	case TDCONV_E_VMM_INVALID: return "the VMM answered INVALID_OPERAND";
	case TDCONV_E_VMM_INUSE: return "the VMM answered GPA_INUSE";
	case TDCONV_E_VMM_ALIGN: return "the VMM answered ALIGN_ERROR";
	case TDCONV_E_VMM_UNSUPPORTED: return "the VMM does not support MapGPA";
	case TDCONV_E_VMM_UNKNOWN: return "the VMM answered with a code that GHCI does not have";
	case TDCONV_E_R11_UNALIGNED: return "the VMM said RETRY from inside a page";
	case TDCONV_E_R11_BEHIND: return "the VMM said RETRY from before the first page left to do";
	case TDCONV_E_R11_BEYOND: return "the VMM said RETRY from beyond the end of the request";
	case TDCONV_E_R11_SHARED_BIT: return "the VMM said RETRY with the wrong shared bit";
	case TDCONV_E_STALLED: return "too many RETRYs in a row without progress";
	case TDCONV_E_CALLS: return "too many MapGPA calls for the size of the range";
	case TDCONV_E_GIVEN_UP: return "waited long enough";
	case TDCONV_E_ACCEPT: return "the TDX module refused a page";
	case TDCONV_E_ACCEPT_SIZE: return "the TDX module refused a page of 4 KiB for its size";
	case TDCONV_E_BUSY: return "the TDX module stayed busy";
	case TDCONV_E_ALREADY: return "a page was accepted already";
	case TDCONV_E_DOUBLE_ACCEPT: return "a page is on record as accepted";
	case TDCONV_E_RELEASE: return "a page could not be released; those that were are accepted again";
	case TDCONV_E_RELEASE_LOST: return "released pages could not be accepted again";
	case TDCONV_E_QUARANTINE: return "memory had to be quarantined";
	case TDCONV_E_STOPPED: return "conversions are stopped";
	case TDCONV_E_TRANSLATE: return "no usable translation of the address";
	case TDCONV_E_EXTENTS: return "more extents than there is room for";
	case TDCONV_E_PTE: return "the page tables could not be changed";
	case TDCONV_E_LEFT_SHARED: return "some memory is still shared";
	case TDCONV_STATUSES: break;
	}
	return "unknown status";
}

/*@ assigns \nothing;
  @ ensures \result == TDCONV_CLASS_OK <==> status == TDCONV_OK;
  @ ensures \result <= TDCONV_CLASS_LOST;
  @*/
enum tdconv_class tdconv_class(enum tdconv_status status)
{
	switch (status) {
	case TDCONV_OK:
		return TDCONV_CLASS_OK;
	case TDCONV_E_STALLED: case TDCONV_E_CALLS: case TDCONV_E_GIVEN_UP: case TDCONV_E_BUSY:
		return TDCONV_CLASS_SLOW;
	case TDCONV_E_VMM_INVALID: case TDCONV_E_VMM_INUSE: case TDCONV_E_VMM_ALIGN: case TDCONV_E_VMM_UNSUPPORTED:
		return TDCONV_CLASS_REFUSED;
	case TDCONV_E_VMM_UNKNOWN: case TDCONV_E_R11_UNALIGNED: case TDCONV_E_R11_BEHIND: case TDCONV_E_R11_BEYOND:
	case TDCONV_E_R11_SHARED_BIT: case TDCONV_E_ALREADY:
		return TDCONV_CLASS_HOSTILE;
	case TDCONV_E_NO_TD: case TDCONV_E_MODULE: case TDCONV_E_ACCEPT: case TDCONV_E_ACCEPT_SIZE:
	case TDCONV_E_RELEASE:
		return TDCONV_CLASS_MODULE;
	case TDCONV_E_RELEASE_LOST: case TDCONV_E_QUARANTINE: case TDCONV_E_LEFT_SHARED:
		return TDCONV_CLASS_LOST;
	case TDCONV_E_ARGUMENT: case TDCONV_E_DOUBLE_ACCEPT: case TDCONV_E_STOPPED: case TDCONV_E_TRANSLATE:
	case TDCONV_E_EXTENTS: case TDCONV_E_PTE: case TDCONV_STATUSES:
		break;
	}
	return TDCONV_CLASS_CALLER;
}
