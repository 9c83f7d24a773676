/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * .fa.toml.
 */
#ifndef CHECK_CONFIG_H
#define CHECK_CONFIG_H

#include "check/settings.h"

/* Finds the file, or takes the one that the settings name, and fills what the
 * command line left open. False with file:line:column and a message. */
bool config_load(struct settings *settings);
/* The text of a file: everything that it says is put into the settings. */
bool config_parse(struct settings *settings, const char *file, const char *text,
                  size_t size);
/* What init writes. */
extern const char config_template[];

#endif
