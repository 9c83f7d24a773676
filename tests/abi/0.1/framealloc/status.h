/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Results of operations, and the version of the library.
 *
 * Functions that hand out memory return NULL on failure and fa_ctx_status()
 * tells why; functions that do something return an fa_status.
 */
#ifndef FRAMEALLOC_STATUS_H
#define FRAMEALLOC_STATUS_H

#include <framealloc/attr.h>

FA_BEGIN_DECLS

/** 0 is success, positive is "not now", negative is failure. */
typedef enum fa_status {
    FA_OK = 0,
    FA_NOT_READY = 1,         /**< Nothing wrong; ask again later. */
    FA_TIMEOUT = 2,           /**< The time given has passed. */
    FA_ERR_NOMEM = -1,        /**< The system or the backend has no memory. */
    FA_ERR_BUDGET = -2,       /**< A hard limit would have been passed. */
    FA_ERR_CONFIG = -3,       /**< A structure is not initialised or invalid. */
    FA_ERR_USAGE = -4,        /**< An argument is outside its range. */
    FA_ERR_STATE = -5,        /**< Not allowed now, as outside of a frame. */
    FA_ERR_STALE = -6,        /**< Of a frame or mark that is gone. */
    FA_ERR_THREAD = -7,       /**< Not allowed from this thread. */
    FA_ERR_UNSUPPORTED = -8,  /**< Not available in this build or system. */
    FA_ERR_INTERNAL = -9,     /**< A defect of the library; please report it. */
    FA_ERR_DEVICE_LOST = -10, /**< The graphics device is gone for good. */
    FA_ERR_BACKEND = -11      /**< The graphics driver refused a call. */
} fa_status;

/**
 * Name of a status, as "FA_ERR_NOMEM".
 *
 * When to use: in messages and logs.
 * @param status any value.
 * @return a static string; "FA_ERR_UNKNOWN" for values not in the list.
 * Valid until: the end of the process. Owner: the library.
 * Thread: any. Cost: a table look-up. Since: 0.1.
 */
FA_API const char *fa_status_name(fa_status status);

/**
 * Version of the library that runs, as "0.1.0".
 *
 * When to use: to compare with FA_VERSION of the headers.
 * @return a static string; never NULL.
 * Valid until: the end of the process. Owner: the library.
 * Thread: any. Cost: constant. Since: 0.1.
 */
FA_API const char *fa_version_string(void);

FA_END_DECLS

#endif
