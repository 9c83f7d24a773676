# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# Manual pages: one per noun, found under the name of each of its functions.

man3_pages = \
	doc/fa_allocator.3 \
	doc/fa_barrier.3 \
	doc/fa_behavior.3 \
	doc/fa_budget.3 \
	doc/fa_ctx.3 \
	doc/fa_diag.3 \
	doc/fa_event.3 \
	doc/fa_frame.3 \
	doc/fa_group.3 \
	doc/fa_handle.3 \
	doc/fa_heap.3 \
	doc/fa_hooks.3 \
	doc/fa_jemalloc.3 \
	doc/fa_map.3 \
	doc/fa_mark.3 \
	doc/fa_phase.3 \
	doc/fa_pmr.3 \
	doc/fa_pool.3 \
	doc/fa_profile.3 \
	doc/fa_rc.3 \
	doc/fa_remote.3 \
	doc/fa_retain.3 \
	doc/fa_scope.3 \
	doc/fa_scratch.3 \
	doc/fa_sdl.3 \
	doc/fa_snapshot.3 \
	doc/fa_stats.3 \
	doc/fa_status.3 \
	doc/fa_stream.3 \
	doc/fa_string.3 \
	doc/fa_tag.3 \
	doc/fa_task.3 \
	doc/fa_transfer.3 \
	doc/fa_vec.3

gpu_man3_pages = \
	doc/fa_gpu.3 \
	doc/fa_gpu_backend.3 \
	doc/fa_gpu_budget.3 \
	doc/fa_gpu_transfer.3 \
	doc/fa_gpu_vk_host.3 \
	doc/fa_gpu_vulkan.3 \
	doc/fa_offset.3 \
	doc/fa_unified.3

physics_man3_pages = \
	doc/fa_physics.3 \
	doc/fa_physics_change.3 \
	doc/fa_physics_query.3

# Of modules that are built; the tarball has all.
if WITH_GPU
man3_pages += $(gpu_man3_pages)
endif
if WITH_PHYSICS
man3_pages += $(physics_man3_pages)
endif

dist_man_MANS += $(man3_pages) doc/framealloc.7
EXTRA_DIST += $(gpu_man3_pages) $(physics_man3_pages)

# The public headers and the guides as HTML, in doc/html of the build tree. No
# function is missing, and Doxygen has nothing to complain about.
EXTRA_DIST += doc/doxygen.sed
doc: doc/Doxyfile
	$(AM_V_at)command -v doxygen >/dev/null \
	  || { echo 'make doc needs doxygen' >&2; exit 1; }
	$(AM_V_GEN)doxygen doc/Doxyfile
	$(AM_V_at)sed -n 's/^ *\(fa_[a-z0-9_]*\);$$/\1/p' '$(srcdir)'/*/*.map | \
	  while read -r name; do \
	    grep -q "<name>$$name</name>" doc/reference.tag \
	      || { echo "$$name is not in the reference" >&2; exit 1; }; \
	  done

clean-doc:
	rm -rf doc/html doc/reference.tag
CLEAN_TARGETS += clean-doc

# The format of snapshots, for tools.
dist_pkgdata_DATA = \
	doc/fa_model.h \
	doc/framealloc.cfg \
	doc/snapshot.schema.json

EXTRA_DIST += \
	doc/advanced.md \
	doc/async.md \
	doc/benchmarks.md \
	doc/chipmunk.md \
	doc/cookbook.md \
	doc/game-dev.md \
	doc/getting-started.md \
	doc/gpu-backends.md \
	doc/gpu.md \
	doc/hooks.md \
	doc/migration.md \
	doc/parity.md \
	doc/patterns.md \
	doc/performance.md \
	doc/releases.md \
	doc/promises.tsv \
	doc/static-analysis.md \
	doc/troubleshooting.md

# "page name" for each name in the NAME section of a page, but its own. Links
# and not files with .so, which not every reader of manual pages follows.
man3_names = cd '$(srcdir)' && awk '\
	/^\.Sh/ { is_name = $$2 == "NAME" } \
	is_name && /^\.Nm/ { \
	  page = FILENAME; sub(/.*\//, "", page); \
	  if (page != $$2 ".3") print page, $$2 }' $(man3_pages)

install-data-hook: install-man-links
uninstall-hook: uninstall-man-links

install-man-links:
	@($(man3_names)) | while read -r page name; do \
	  rm -f '$(DESTDIR)$(man3dir)'/"$$name.3" && \
	  ln -s "$$page" '$(DESTDIR)$(man3dir)'/"$$name.3" || exit 1; \
	done

uninstall-man-links:
	@($(man3_names)) | while read -r page name; do \
	  rm -f '$(DESTDIR)$(man3dir)'/"$$name.3"; \
	done

.PHONY: doc clean-doc install-man-links uninstall-man-links
