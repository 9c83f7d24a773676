# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# Unit tests with libcheck, one program per suite. They are linked to
# libfai.la, the library's objects with their hidden functions.

FA_UNIT_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
FA_UNIT_LDADD = tests/libsupport.la libfai.la $(CHECK_LIBS)

if ENABLE_TESTS
FA_UNIT_TESTS = \
	tests/check_allocator \
	tests/check_backend \
	tests/check_barrier \
	tests/check_behavior \
	tests/check_budget \
	tests/check_budget_callback \
	tests/check_budget_ctx \
	tests/check_budget_policy \
	tests/check_codes \
	tests/check_config \
	tests/check_ctx \
	tests/check_defer \
	tests/check_diag \
	tests/check_diag_switch \
	tests/check_event \
	tests/check_frame \
	tests/check_frame_align \
	tests/check_frame_text \
	tests/check_frame_thread \
	tests/check_group \
	tests/check_guard \
	tests/check_handle \
	tests/check_handle_compact \
	tests/check_handle_thread \
	tests/check_heap \
	tests/check_hooks \
	tests/check_lag \
	tests/check_leak \
	tests/check_ledger \
	tests/check_map \
	tests/check_mark \
	tests/check_misuse \
	tests/check_options \
	tests/check_pages \
	tests/check_phase \
	tests/check_pool \
	tests/check_profile \
	tests/check_queue \
	tests/check_rc \
	tests/check_refusal \
	tests/check_remote \
	tests/check_retain \
	tests/check_retain_loss \
	tests/check_retain_phase \
	tests/check_scope \
	tests/check_scratch \
	tests/check_scratch_scope \
	tests/check_sized \
	tests/check_snapshot \
	tests/check_snapshot_folder \
	tests/check_stats \
	tests/check_stream \
	tests/check_stream_evict \
	tests/check_stream_model \
	tests/check_string \
	tests/check_tag \
	tests/check_task \
	tests/check_task_thread \
	tests/check_transfer \
	tests/check_vec
check_LTLIBRARIES += tests/libsupport.la
check_PROGRAMS += $(FA_UNIT_TESTS)
TESTS += $(FA_UNIT_TESTS)
endif

tests_libsupport_la_SOURCES = tests/support.c tests/support.h
tests_libsupport_la_CPPFLAGS = $(FA_UNIT_CPPFLAGS)

tests_check_allocator_SOURCES = tests/check_allocator.c
tests_check_allocator_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_allocator_LDADD = $(FA_UNIT_LDADD)

tests_check_backend_SOURCES = tests/check_backend.c
tests_check_backend_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_backend_LDADD = $(FA_UNIT_LDADD)

tests_check_barrier_SOURCES = tests/check_barrier.c
tests_check_barrier_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_barrier_LDADD = $(FA_UNIT_LDADD)
tests_check_behavior_SOURCES = tests/check_behavior.c
tests_check_behavior_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_behavior_LDADD = $(FA_UNIT_LDADD)

tests_check_budget_SOURCES = tests/check_budget.c
tests_check_budget_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_budget_LDADD = $(FA_UNIT_LDADD)

tests_check_budget_callback_SOURCES = tests/check_budget_callback.c
tests_check_budget_callback_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_budget_callback_LDADD = $(FA_UNIT_LDADD)

tests_check_budget_ctx_SOURCES = \
	tests/check_budget_ctx.c \
	tests/budget.h
tests_check_budget_ctx_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_budget_ctx_LDADD = $(FA_UNIT_LDADD)

tests_check_budget_policy_SOURCES = \
	tests/check_budget_policy.c \
	tests/budget.h
tests_check_budget_policy_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_budget_policy_LDADD = $(FA_UNIT_LDADD)

tests_check_codes_SOURCES = tests/check_codes.c tests/codes_task.h
tests_check_codes_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_codes_LDADD = $(FA_UNIT_LDADD)

tests_check_config_SOURCES = tests/check_config.c
tests_check_config_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_config_LDADD = $(FA_UNIT_LDADD)

tests_check_ctx_SOURCES = tests/check_ctx.c
tests_check_ctx_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_ctx_LDADD = $(FA_UNIT_LDADD)

tests_check_defer_SOURCES = tests/check_defer.c
tests_check_defer_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_defer_LDADD = $(FA_UNIT_LDADD)

tests_check_diag_switch_SOURCES = tests/check_diag_switch.c
tests_check_diag_switch_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_diag_switch_LDADD = $(FA_UNIT_LDADD)

tests_check_diag_SOURCES = tests/check_diag.c
tests_check_diag_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_diag_LDADD = $(FA_UNIT_LDADD)

tests_check_event_SOURCES = tests/check_event.c
tests_check_event_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_event_LDADD = $(FA_UNIT_LDADD)

tests_check_frame_SOURCES = tests/check_frame.c
tests_check_frame_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_frame_LDADD = $(FA_UNIT_LDADD)

tests_check_frame_align_SOURCES = tests/check_frame_align.c
tests_check_frame_align_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_frame_align_LDADD = $(FA_UNIT_LDADD)

tests_check_frame_text_SOURCES = tests/check_frame_text.c
tests_check_frame_text_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_frame_text_LDADD = $(FA_UNIT_LDADD)

tests_check_frame_thread_SOURCES = tests/check_frame_thread.c
tests_check_frame_thread_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_frame_thread_LDADD = $(FA_UNIT_LDADD)

tests_check_group_SOURCES = tests/check_group.c
tests_check_group_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_group_LDADD = $(FA_UNIT_LDADD)

tests_check_guard_SOURCES = tests/check_guard.c
tests_check_guard_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_guard_LDADD = $(FA_UNIT_LDADD)

tests_check_handle_SOURCES = tests/check_handle.c
tests_check_handle_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_handle_LDADD = $(FA_UNIT_LDADD)

tests_check_handle_compact_SOURCES = \
	tests/check_handle_compact.c \
	tests/handle.h
tests_check_handle_compact_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_handle_compact_LDADD = $(FA_UNIT_LDADD)

tests_check_handle_thread_SOURCES = \
	tests/check_handle_thread.c \
	tests/handle.h
tests_check_handle_thread_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_handle_thread_LDADD = $(FA_UNIT_LDADD)

tests_check_heap_SOURCES = tests/check_heap.c
tests_check_heap_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_heap_LDADD = $(FA_UNIT_LDADD)

tests_check_hooks_SOURCES = tests/check_hooks.c
tests_check_hooks_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_hooks_LDADD = $(FA_UNIT_LDADD)

tests_check_lag_SOURCES = tests/check_lag.c
tests_check_lag_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_lag_LDADD = $(FA_UNIT_LDADD)

tests_check_leak_SOURCES = tests/check_leak.c
tests_check_leak_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_leak_LDADD = $(FA_UNIT_LDADD)

tests_check_ledger_SOURCES = tests/check_ledger.c
tests_check_ledger_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_ledger_LDADD = $(FA_UNIT_LDADD)

tests_check_map_SOURCES = tests/check_map.c
tests_check_map_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_map_LDADD = $(FA_UNIT_LDADD)

tests_check_mark_SOURCES = tests/check_mark.c
tests_check_mark_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_mark_LDADD = $(FA_UNIT_LDADD)

tests_check_misuse_SOURCES = \
	tests/check_misuse.c \
	tests/misuse.h \
	tests/misuse_calls.c \
	tests/misuse_lifetimes.c \
	tests/misuse_memory.c
# The test reads the table that it checks.
tests_check_misuse_CPPFLAGS = \
	$(FA_UNIT_CPPFLAGS) \
	-DFA_SRCDIR='"$(abs_top_srcdir)"'
tests_check_misuse_LDADD = $(FA_UNIT_LDADD)

tests_check_options_SOURCES = tests/check_options.c
tests_check_options_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_options_LDADD = $(FA_UNIT_LDADD)

tests_check_pages_SOURCES = tests/check_pages.c
tests_check_pages_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_pages_LDADD = $(FA_UNIT_LDADD)

tests_check_profile_SOURCES = tests/check_profile.c
tests_check_profile_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_profile_LDADD = $(FA_UNIT_LDADD)

tests_check_phase_SOURCES = tests/check_phase.c
tests_check_phase_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_phase_LDADD = $(FA_UNIT_LDADD)

tests_check_pool_SOURCES = tests/check_pool.c
tests_check_pool_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_pool_LDADD = $(FA_UNIT_LDADD)

tests_check_rc_SOURCES = tests/check_rc.c
tests_check_rc_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_rc_LDADD = $(FA_UNIT_LDADD)
tests_check_queue_SOURCES = tests/check_queue.c
tests_check_queue_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_queue_LDADD = $(FA_UNIT_LDADD)

tests_check_refusal_SOURCES = tests/check_refusal.c
tests_check_refusal_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_refusal_LDADD = $(FA_UNIT_LDADD)

tests_check_remote_SOURCES = tests/check_remote.c
tests_check_remote_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_remote_LDADD = $(FA_UNIT_LDADD)

tests_check_retain_SOURCES = tests/check_retain.c tests/retain.h
tests_check_retain_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_retain_LDADD = $(FA_UNIT_LDADD)

tests_check_retain_loss_SOURCES = tests/check_retain_loss.c tests/retain.h
tests_check_retain_loss_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_retain_loss_LDADD = $(FA_UNIT_LDADD)

tests_check_retain_phase_SOURCES = tests/check_retain_phase.c tests/retain.h
tests_check_retain_phase_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_retain_phase_LDADD = $(FA_UNIT_LDADD)

tests_check_scope_SOURCES = tests/check_scope.c
tests_check_scope_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_scope_LDADD = $(FA_UNIT_LDADD)

tests_check_scratch_SOURCES = tests/check_scratch.c
tests_check_scratch_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_scratch_LDADD = $(FA_UNIT_LDADD)

tests_check_scratch_scope_SOURCES = tests/check_scratch_scope.c
tests_check_scratch_scope_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_scratch_scope_LDADD = $(FA_UNIT_LDADD)

tests_check_sized_SOURCES = tests/check_sized.c
tests_check_sized_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_sized_LDADD = $(FA_UNIT_LDADD)

tests_check_snapshot_SOURCES = tests/check_snapshot.c
tests_check_snapshot_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_snapshot_LDADD = $(FA_UNIT_LDADD)

tests_check_snapshot_folder_SOURCES = tests/check_snapshot_folder.c
tests_check_snapshot_folder_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_snapshot_folder_LDADD = $(FA_UNIT_LDADD)

tests_check_stats_SOURCES = tests/check_stats.c
tests_check_stats_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_stats_LDADD = $(FA_UNIT_LDADD)

tests_check_stream_SOURCES = \
	tests/check_stream.c \
	tests/stream.h
tests_check_stream_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_stream_LDADD = $(FA_UNIT_LDADD)

tests_check_stream_evict_SOURCES = \
	tests/check_stream_evict.c \
	tests/stream.h
tests_check_stream_evict_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_stream_evict_LDADD = $(FA_UNIT_LDADD)

tests_check_stream_model_SOURCES = tests/check_stream_model.c
tests_check_stream_model_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_stream_model_LDADD = $(FA_UNIT_LDADD)

tests_check_string_SOURCES = tests/check_string.c
tests_check_string_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_string_LDADD = $(FA_UNIT_LDADD)

tests_check_tag_SOURCES = tests/check_tag.c
tests_check_tag_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_tag_LDADD = $(FA_UNIT_LDADD)

tests_check_vec_SOURCES = tests/check_vec.c
tests_check_vec_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_vec_LDADD = $(FA_UNIT_LDADD)

EXTRA_DIST += doc/misuse.md

tests_check_task_SOURCES = tests/check_task.c
tests_check_task_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_task_LDADD = $(FA_UNIT_LDADD)

tests_check_task_thread_SOURCES = tests/check_task_thread.c
tests_check_task_thread_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_task_thread_LDADD = $(FA_UNIT_LDADD)

tests_check_transfer_SOURCES = tests/check_transfer.c
tests_check_transfer_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_transfer_LDADD = $(FA_UNIT_LDADD)
