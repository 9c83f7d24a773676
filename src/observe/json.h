/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * JSON to a file descriptor, through a buffer of fixed size.
 */
#ifndef FAI_OBSERVE_JSON_H
#define FAI_OBSERVE_JSON_H

#include "base/base.h"

#define FAI_JSON_DEPTH 8

struct fai_json {
    int fd;
    bool has_failed; /* A write failed: nothing more is written. */
    unsigned depth;  /* Open objects and lists. */
    bool is_begun[FAI_JSON_DEPTH]; /* There is a value before, by depth. */
    size_t used;
    char buffer[8192];
};

/* key is NULL in lists. A value known to nobody is written as null. */
void fai_json_begin(struct fai_json *json, int fd);
void fai_json_open(struct fai_json *json, const char *key, char bracket);
void fai_json_close(struct fai_json *json, char bracket);
void fai_json_number(struct fai_json *json, const char *key, uint64_t n);
/* The same; FA_COUNT_UNKNOWN is null. */
void fai_json_count(struct fai_json *json, const char *key, uint64_t n);
/* With two digits behind the point; n >= 0. */
void fai_json_decimal(struct fai_json *json, const char *key, double n);
void fai_json_bool(struct fai_json *json, const char *key, bool is_true);
void fai_json_null(struct fai_json *json, const char *key);
/* Bytes that are not UTF-8 become U+FFFD. */
void fai_json_string(struct fai_json *json, const char *key, const char *s);
/* True when everything was written. */
bool fai_json_end(struct fai_json *json);

#endif
