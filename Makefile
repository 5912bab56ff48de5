# SPDX-License-Identifier: GPL-2.0
#
# `make help` lists what there is. `make demo` and `make test` are complete by
# themselves: on a fresh Debian 12 or later, as root, they install, fetch and
# build what they need. Everything that is built is below build/.
#
#   KERNEL=debug   the kernel with KASAN, lockdep and the like
#   V=1            show the commands

KERNEL ?= release
JOBS ?= $(shell nproc)
# Where nothing else is said, a warning is an error.
WERROR ?= -Werror

Q := $(if $(V),,@)
say = @printf '  %-8s %s\n' '$(1)' '$(2)'

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory

export KERNEL JOBS

CC := gcc
CLANG := $(firstword $(foreach v,19 20 21 18 17,$(shell command -v clang-$(v))) clang-19)
LLVM_STRIP := $(subst clang-,llvm-strip-,$(notdir $(CLANG)))

B := build
IMAGE := $(B)/image/$(KERNEL)

.PHONY: all install uninstall deb deb-test deps kit kit-files types kernel kernel-tree \
	vm demo test unit bench matrix patches checkpatch lint clean distclean help programs \
	nodectl policies policies-old tests FORCE

# One after the other: the headers of a kernel being built are no input.
all: kernel
	$(Q)$(MAKE) programs

help:
	@echo 'make            the kernel (if need be), nodectl, the policies, bpftool'
	@echo 'make demo       the main job, on the emulated device in a VM'
	@echo 'make test       all tests, on the host and in a VM'
	@echo 'make bench      the policies side by side, in a VM; JSON=1 for programs'
	@echo 'make vm         a shell in the VM; CMD="..." runs one command instead'
	@echo
	@echo 'make kit        what it takes to write a policy and to test it; no kernel'
	@echo 'make install | uninstall   nodectl, policies, headers, man page, completions;'
	@echo '                PREFIX=/usr/local DESTDIR='
	@echo 'make deb        the same as a Debian package, in build/deb; make deb-test'
	@echo '                installs, uses and purges it in the VM'
	@echo 'make deps       install the Debian packages that are missing'
	@echo 'make kernel     fetch Linux 7.3, apply the series, build it'
	@echo 'make nodectl | policies | unit | tests'
	@echo '                only that part (unit runs the tests of the host)'
	@echo 'make fuzz       give the readers of nodectl FUZZ_RUNS=1000000 bad inputs each'
	@echo
	@echo 'make kernel-tree  the kernel source with the series, to work on: build/linux'
	@echo 'make types        the types of the built kernel to include/node_ext_types.h'
	@echo 'make patches      write the commits of build/linux to kernel-patches/'
	@echo 'make checkpatch   the style of the series'
	@echo 'make matrix       the series in other configurations, on arm64, by sparse and'
	@echo '                  kernel-doc; long. MATRIX="numa-off sparse" selects rows'
	@echo 'make lint         the style of the shell scripts'
	@echo 'make clean        remove what was built (keeps build/linux)'
	@echo 'make distclean    remove build/ unless build/linux holds work of yours'
	@echo
	@echo 'KERNEL=release|debug  which kernel     JOBS=N  compile jobs     V=1  show commands'
	@echo 'KERNEL_TARBALL=FILE   the source of Linux 7.3.x, where it cannot be downloaded'
	@echo 'VM_MEMORY=1G VM_NODES=2G VM_CPUS=2 VM_TIMEOUT=600  the VM; more: scripts/vm.sh --help'

# ---- set-up -----------------------------------------------------------------
deps:
	$(Q)scripts/deps.sh

kernel: deps
	$(Q)scripts/kernel-build.sh

kernel-tree: deps
	$(Q)scripts/kernel-source.sh tree

$(IMAGE)/info:
	$(Q)$(MAKE) kernel

# What comes from the kernel's tree. A copy is renewed only if it differs, so
# nothing that depends on it is built again without need.
$(B)/vmlinux.h: $(IMAGE)/info FORCE
	@cmp -s $(IMAGE)/vmlinux.h $@ || cp $(IMAGE)/vmlinux.h $@

$(B)/bpftool: $(IMAGE)/info FORCE
	@cmp -s $(IMAGE)/bpftool $@ || cp $(IMAGE)/bpftool $@

# It needs the kernel's source, but no kernel that is built.
$(B)/libbpf/libbpf.a: FORCE
	$(Q)scripts/libbpf.sh

# ---- programs ---------------------------------------------------------------
programs: nodectl policies kit-files $(B)/bpftool $(B)/vmlinux.h

# The user's CFLAGS, CPPFLAGS and LDFLAGS add to ours.
CFLAGS ?= -O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2
LDFLAGS ?= -Wl,-z,relro,-z,now
override CFLAGS := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra $(WERROR) $(CFLAGS)
override CPPFLAGS := -Iinclude -Iloader -I$(B)/libbpf/include $(CPPFLAGS)
LIBBPF := $(B)/libbpf/libbpf.a
NCURSES := $(or $(shell pkg-config --libs ncursesw 2>/dev/null),-lncursesw -ltinfo)
LDLIBS := $(LIBBPF) -Wl,--as-needed -ljson-c -linih -lmd $(NCURSES) -lelf -lz -lpthread

# Everything but main() is a library, so that unit tests link what they test.
loader_src := $(wildcard loader/*.c)
loader_main := $(wildcard loader/nodectl.c loader/main.c)
loader_obj := $(patsubst %.c,$(B)/%.o,$(loader_src))
loader_lib := $(filter-out $(patsubst %.c,$(B)/%.o,$(loader_main)),$(loader_obj))

nodectl: $(B)/nodectl

$(B)/loader/%.o: loader/%.c $(LIBBPF) Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/loader/libnodectl.a: $(loader_lib)
	$(call say,AR,$@)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/nodectl: $(patsubst %.c,$(B)/%.o,$(loader_main)) $(B)/loader/libnodectl.a $(LIBBPF)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o %/libnodectl.a,$^) $(LDLIBS)

# ---- policies ---------------------------------------------------------------
BPF_CFLAGS := -target bpf -g -O2 -Wall -Wextra $(WERROR) -Iinclude -I$(B)/libbpf/include

policy_obj := $(patsubst bpf/%.bpf.c,$(B)/bpf/%.bpf.o,$(wildcard bpf/*.bpf.c))
policy_old := $(filter-out $(policy_obj),$(wildcard $(B)/bpf/*.bpf.o))

policies: policies-old $(policy_obj)

# nodectl takes every object that is there for a policy, also without a source.
policies-old:
	@rm -f $(policy_old) $(policy_old:.o=.d)

$(B)/bpf/%.bpf.o: bpf/%.bpf.c $(LIBBPF) Makefile
	$(call say,BPF,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MF $(@:.o=.d) -MT $@ -c -o $@ $<
	$(Q)$(LLVM_STRIP) -g $@

# ---- what the author of a policy needs --------------------------------------
# The headers in one directory, as they are installed, and the template. nodectl
# finds both beside itself.
libbpf_headers := $(addprefix $(B)/libbpf/include/bpf/,bpf_helpers.h bpf_helper_defs.h \
	bpf_tracing.h bpf_core_read.h bpf_endian.h)
kit_files := $(patsubst include/%,$(B)/include/%,$(wildcard include/*.h)) \
	$(patsubst $(B)/libbpf/%,$(B)/%,$(libbpf_headers)) \
	$(patsubst contrib/%,$(B)/%,$(wildcard contrib/template/*))

# All that it takes to write a policy, to test it and to look at it: no kernel.
kit:
	$(Q)scripts/deps.sh kit
	$(Q)$(MAKE) -j$(JOBS) nodectl policies kit-files
	@echo 'Begin with: build/nodectl new NAME DIR'

kit-files: $(kit_files)

$(B)/include/%.h: include/%.h
	@mkdir -p $(@D) && cp $< $@

$(libbpf_headers): $(LIBBPF)

$(B)/include/bpf/%.h: $(B)/libbpf/include/bpf/%.h
	@mkdir -p $(@D) && cp $< $@

$(B)/template/%: contrib/template/%
	@mkdir -p $(@D) && cp $< $@

# The kernel's types for policies, when the interface has changed.
types: $(IMAGE)/info
	$(Q)scripts/types.pl $(IMAGE)/vmlinux.h >include/node_ext_types.h.new
	$(Q)mv include/node_ext_types.h.new include/node_ext_types.h

# ---- installation -----------------------------------------------------------
PREFIX ?= /usr/local
export PREFIX DESTDIR ZSHDIR

install: nodectl policies kit-files
	$(Q)scripts/install.sh install

uninstall:
	$(Q)scripts/install.sh uninstall

# Nothing of the system is touched: not for building it, nor for trying it.
deb: nodectl policies kit-files
	$(Q)scripts/deb.sh

deb-test: deb $(IMAGE)/info
	$(Q)scripts/vm.sh --load -- tests/vm/deb.sh

# ---- tests ------------------------------------------------------------------
unit_bin := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
vm_bin := $(patsubst %.c,$(B)/%,$(wildcard tests/vm/*.c tests/fault/*.c))
vm_bin := $(filter-out %.bpf,$(vm_bin))
vm_bpf := $(patsubst %.bpf.c,$(B)/%.bpf.o,$(wildcard tests/*/*.bpf.c tests/*/*/*.bpf.c))
vm_lib := $(patsubst %.c,$(B)/%.o,$(wildcard tests/vm/lib/*.c))
# A place for what one test needs besides, for example
# $(B)/tests/vm/uffd: LDLIBS += -lnuma
-include tests/tests.mk
include tests/fuzz/fuzz.mk
vm_bpf := $(sort $(vm_bpf))

tests: $(unit_bin) $(vm_bin) $(vm_bpf)

# Unit tests, and the nodectl that they run, find by themselves what no assertion
# sees: memory that is not theirs, leaks, what C leaves undefined.
U := $(B)/tests/unit
UNIT_CFLAGS := $(filter-out -D_FORTIFY_SOURCE=%,$(CFLAGS)) -O1 -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined
unit_lib := $(patsubst %.c,$(U)/%.o,$(filter-out $(loader_main),$(loader_src)))

$(U)/loader/%.o: loader/%.c $(LIBBPF) Makefile
	$(call say,UNIT-CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(UNIT_CFLAGS) -MMD -MP -c -o $@ $<

$(U)/libnodectl.a: $(unit_lib)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(U)/nodectl: $(patsubst %.c,$(U)/%.o,$(loader_main)) $(U)/libnodectl.a $(LIBBPF)
	$(call say,LINK,$@)
	$(Q)$(CC) $(UNIT_CFLAGS) $(LDFLAGS) -o $@ $(filter %.o %/libnodectl.a,$^) $(LDLIBS)

$(unit_bin): $(U)/%: tests/unit/%.c $(U)/libnodectl.a $(LIBBPF) Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Itests -Itests/unit -I. $(UNIT_CFLAGS) -MMD -MP -MF $@.d -MT $@ \
		$(LDFLAGS) -o $@ $< $(U)/libnodectl.a -lcmocka $(LDLIBS)

$(vm_lib): $(B)/tests/%.o: tests/%.c $(LIBBPF) Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Itests -I$(<D) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/tests/vm/lib/libvmtest.a: $(vm_lib)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(vm_bin): $(B)/tests/%: tests/%.c $(B)/tests/vm/lib/libvmtest.a $(LIBBPF) Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Itests -Itests/vm/lib -I$(<D) $(CFLAGS) -MMD -MP \
		-MF $@.d -MT $@ $(LDFLAGS) -o $@ $< $(B)/tests/vm/lib/libvmtest.a \
		$(LDLIBS) -lnuma -lm

$(vm_bpf): $(B)/tests/%.bpf.o: tests/%.bpf.c $(LIBBPF) Makefile
	$(call say,BPF,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MF $(@:.o=.d) -MT $@ -c -o $@ $<
	$(Q)$(LLVM_STRIP) -g $@

unit: $(unit_bin)
	$(Q)scripts/test.sh unit

test: all
	$(Q)$(MAKE) tests fuzz-programs
	$(Q)scripts/test.sh unit fuzz monitoring vm

# No speed: the device is emulated. tests/bench/policies.sh has the knobs.
bench_bin := $(patsubst %.c,$(B)/%,$(wildcard tests/bench/*.c))

$(bench_bin): $(B)/tests/%: tests/%.c Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -MF $@.d -MT $@ $(LDFLAGS) -o $@ $< -lm

bench: all
	$(Q)$(MAKE) $(bench_bin)
	$(Q)tests/bench/policies.sh $(if $(JSON),--json) $(POLICIES)

# The kernel's own text is the data set.
demo: all kernel-tree
	$(Q)$(MAKE) $(B)/tests/vm/policies/hostile.bpf.o
	$(Q)scripts/demo.sh

# ---- the VM -----------------------------------------------------------------
# As it was given: a $ in it is the shell's in the VM.
override CMD := $(value CMD)
export CMD
vm: all
	$(Q)if [ -n "$$CMD" ]; then exec scripts/vm.sh --load -- "$$CMD"; else exec scripts/vm.sh --load; fi

# ---- the series -------------------------------------------------------------
patches:
	$(Q)scripts/kernel-source.sh patches

checkpatch: kernel-tree
	$(Q)scripts/checkpatch.sh

matrix: kernel-tree
	$(Q)scripts/deps.sh matrix
	$(Q)scripts/matrix.sh $(MATRIX)

lint:
	$(Q)shellcheck -x -P SCRIPTDIR $(wildcard scripts/*.sh scripts/make-cold tests/*.sh tests/*/*.sh tests/*/*/*.sh .ci/run)
	$(Q)bash -n contrib/completion/nodectl.bash
	$(Q)perl -wc scripts/vm-init
	$(Q)perl -wc scripts/types.pl

clean:
	$(Q)find $(B) -mindepth 1 -maxdepth 1 ! -name linux -exec rm -rf {} + 2>/dev/null || true

distclean:
	$(Q)case $$(scripts/kernel-source.sh state) in \
	dirty|ahead) echo 'build/linux holds work that kernel-patches/ has not: not removed' >&2; \
		echo 'save it (make patches, or a git branch elsewhere), then: rm -rf build' >&2; exit 1 ;; \
	*) rm -rf $(B) ;; esac

-include $(wildcard $(B)/loader/*.d $(B)/bpf/*.d $(B)/tests/*/*.d $(B)/tests/*/*/*.d)
