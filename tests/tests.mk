# SPDX-License-Identifier: GPL-2.0
# What single tests need besides the rules of the Makefile.

# Policies that the tests in the VM attach, or see refused.
vm_bpf += $(patsubst %.bpf.c,$(B)/%.bpf.o,$(wildcard tests/vm/policies/*.bpf.c))

# These tests look for the objects beside themselves, and for nodectl.
$(B)/tests/unit/test_contrib: | $(B)/nodectl
$(B)/tests/unit/test_cli $(B)/tests/unit/test_completion: | $(B)/tests/unit/nodectl
$(B)/tests/unit/test_docs: | kit-files
$(B)/tests/unit/test_new $(B)/tests/unit/test_install: | $(B)/nodectl policies kit-files
$(B)/tests/unit/test_damage: | policies
$(B)/tests/unit/test_cli $(B)/tests/unit/test_completion $(B)/tests/unit/test_damage $(B)/tests/unit/test_object $(B)/tests/unit/test_handover: | $(patsubst %.bpf.c,$(B)/%.bpf.o,$(wildcard tests/unit/objects/*.bpf.c))
