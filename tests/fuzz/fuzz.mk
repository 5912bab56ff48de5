# SPDX-License-Identifier: GPL-2.0
# The readers of nodectl under libFuzzer, with ASan and UBSan.
#
#   make fuzz FUZZ_RUNS=N   each reader in turn, N executions each
#   FUZZ_READERS="meta elf" only these
#   FUZZ_LIBBPF=DIR         tools/lib/bpf of a kernel tree: libbpf is built the
#                           same way and guides the fuzzer, too

FUZZ_RUNS ?= 1000000
FUZZ_READERS ?=
FUZZ_LIBBPF ?= $(wildcard $(B)/linux/tools/lib/bpf)

.PHONY: fuzz fuzz-programs

# Asked for once, and only where it matters: it tries to link.
ifneq ($(filter fuzz%,$(MAKECMDGOALS)),)
FUZZ_CC := $(shell tests/fuzz/cc.sh)
endif

F := $(B)/fuzz
FUZZ_CFLAGS := -std=gnu11 -O1 -g -D_GNU_SOURCE -Wall -Wextra $(WERROR) \
	-fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=undefined
fuzz_bin := $(patsubst tests/fuzz/%.c,$(F)/%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz_loader := $(patsubst %.c,$(F)/%.o,$(filter-out $(loader_main),$(loader_src)))

# libbpf is not ours: what only UBSan has against it is left alone.
ifneq ($(FUZZ_LIBBPF),)
fuzz_tools := $(FUZZ_LIBBPF)/../..
fuzz_libbpf := $(F)/libbpf/libbpf.a
fuzz_libbpf_obj := $(patsubst $(FUZZ_LIBBPF)/%.c,$(F)/libbpf/%.o,$(wildcard $(FUZZ_LIBBPF)/*.c))

$(F)/libbpf/%.o: $(FUZZ_LIBBPF)/%.c tests/fuzz/fuzz.mk
	$(call say,FUZZ-CC,libbpf/$(<F))
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(filter-out -Wall -Wextra -Werror -fno-sanitize-recover=%,$(FUZZ_CFLAGS)) \
		-fno-sanitize=undefined -w -I$(fuzz_tools)/include \
		-I$(fuzz_tools)/include/uapi -I$(fuzz_tools)/arch/x86/include -c -o $@ $<

$(F)/libbpf/libbpf.a: $(fuzz_libbpf_obj)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
else
fuzz_libbpf := $(LIBBPF)
endif

$(F)/%.o: %.c $(LIBBPF) tests/fuzz/fuzz.mk
	$(call say,FUZZ-CC,$<)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(CPPFLAGS) $(FUZZ_CFLAGS) -MMD -MP -c -o $@ $<

$(F)/libnodectl.a: $(fuzz_loader)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(fuzz_bin): $(F)/%: $(F)/tests/fuzz/%.o $(F)/libnodectl.a $(fuzz_libbpf)
	$(call say,FUZZ-LD,$@)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -o $@ $^ \
		$(filter-out $(LIBBPF),$(LDLIBS))

# Nothing to build without libFuzzer: run.sh says so.
fuzz-programs: $(if $(FUZZ_CC),$(fuzz_bin) $(patsubst %.bpf.c,$(B)/%.bpf.o,$(wildcard tests/unit/objects/*.bpf.c)))

fuzz: fuzz-programs
	$(Q)tests/fuzz/run.sh --runs $(FUZZ_RUNS) $(FUZZ_READERS)

-include $(wildcard $(F)/loader/*.d $(F)/tests/fuzz/*.d)
