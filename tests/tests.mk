# SPDX-License-Identifier: GPL-2.0
# What single tests need besides the rules of the Makefile.

# Policies that the tests in the VM attach, or see refused.
vm_bpf += $(patsubst %.bpf.c,$(B)/%.bpf.o,$(wildcard tests/vm/policies/*.bpf.c))

# test_object reads these; it looks for them beside itself.
$(B)/tests/unit/test_object: | $(patsubst %.bpf.c,$(B)/%.bpf.o,$(wildcard tests/unit/objects/*.bpf.c))
