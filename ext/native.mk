# The C core outside Python: library, tests, sanitizers, fuzzers, PyPy. Included by the Makefile; run from the root.

CW := ext/cilwire
CW_SOURCES := $(sort $(wildcard $(CW)/*.c))
CW_HEADERS := $(sort $(wildcard $(CW)/*.h))
CW_ABI := $(shell sed -n 's/^\#define CW_ABI_VERSION //p' $(CW)/cilwire.h)
CW_VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
NATIVE := build/native

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
PKGCONFIGDIR ?= $(LIBDIR)/pkgconfig

CW_WARNINGS := -std=c11 -Wall -Wextra -Werror -Wshadow -Wconversion
CW_CFLAGS := -O3 -DNDEBUG -fvisibility=hidden
CW_SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=all
SUDO := $(shell test "$$(id -u)" = 0 || echo sudo)

# $(call need,command,packages): installs Debian packages when the command is missing.
need = command -v $(1) >/dev/null || { $(SUDO) apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq $(2); }

# ---- the library ----

$(NATIVE)/%.o: $(CW)/%.c $(CW_HEADERS)
	@mkdir -p $(NATIVE)
	$(CC) $(CW_WARNINGS) $(CW_CFLAGS) $(CFLAGS) -fPIC -c $< -o $@

CW_OBJECTS := $(CW_SOURCES:$(CW)/%.c=$(NATIVE)/%.o)

$(NATIVE)/libcilwire.so.$(CW_ABI): $(CW_OBJECTS)
	$(CC) -shared -Wl,-soname,libcilwire.so.$(CW_ABI) $(CFLAGS) $(LDFLAGS) $^ -o $@

$(NATIVE)/libcilwire.a: $(CW_OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $^

# Invariant: what is installed is all a C program needs; nothing of it refers to this tree.
.PHONY: install-c
install-c: $(NATIVE)/libcilwire.so.$(CW_ABI) $(NATIVE)/libcilwire.a
	install -d $(DESTDIR)$(LIBDIR) $(DESTDIR)$(INCLUDEDIR) $(DESTDIR)$(PKGCONFIGDIR)
	install -m 755 $(NATIVE)/libcilwire.so.$(CW_ABI) $(DESTDIR)$(LIBDIR)/
	ln -sf libcilwire.so.$(CW_ABI) $(DESTDIR)$(LIBDIR)/libcilwire.so
	install -m 644 $(NATIVE)/libcilwire.a $(DESTDIR)$(LIBDIR)/
	install -m 644 $(CW)/cilwire.h $(CW)/cilwire_keywords.h $(CW)/cilwire_ged188.h $(DESTDIR)$(INCLUDEDIR)/
	printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR)' 'includedir=$(INCLUDEDIR)' '' 'Name: cilwire' \
	  'Description: The CIL wire: frames, Arguments blocks, filter programs' 'Version: $(CW_VERSION)' \
	  'Libs: -L$${libdir} -lcilwire' 'Cflags: -I$${includedir}' > $(DESTDIR)$(PKGCONFIGDIR)/cilwire.pc

# ---- C unit tests ----

CW_TESTS := tests/c/test_cilwire.c tests/c/test_filter.c
CW_TEST_DEPENDS := $(CW_TESTS) tests/c/rebuild.h $(CW_SOURCES) $(CW_HEADERS)

$(NATIVE)/test-simd: $(CW_TEST_DEPENDS)
	@mkdir -p $(NATIVE)
	$(CC) $(CW_WARNINGS) -O2 -g -I$(CW) $(CW_TESTS) $(CW_SOURCES) -o $@

$(NATIVE)/test-scalar: $(CW_TEST_DEPENDS)
	@mkdir -p $(NATIVE)
	$(CC) $(CW_WARNINGS) -O2 -g -DCW_NO_SIMD -I$(CW) $(CW_TESTS) $(CW_SOURCES) -o $@

$(NATIVE)/test-ged188: tests/c/test_ged188.c $(CW_SOURCES) $(CW_HEADERS)
	@mkdir -p $(NATIVE)
	$(CC) $(CW_WARNINGS) -O2 -g -I$(CW) $< $(CW_SOURCES) -o $@

# Invariant: the C core does what its header says, and with SIMD exactly what it does without.
.PHONY: test-c
test-c: $(NATIVE)/test-simd $(NATIVE)/test-scalar $(NATIVE)/test-ged188
	$(NATIVE)/test-ged188
	simd=$$($(NATIVE)/test-simd) && scalar=$$($(NATIVE)/test-scalar) && echo "$$simd" && test "$$simd" = "$$scalar"

# ---- sanitizers ----

$(NATIVE)/test-san-simd: $(CW_TEST_DEPENDS)
	@mkdir -p $(NATIVE)
	gcc $(CW_WARNINGS) -O1 -g -fno-omit-frame-pointer $(CW_SANITIZERS) -I$(CW) $(CW_TESTS) $(CW_SOURCES) -o $@

$(NATIVE)/test-san-scalar: $(CW_TEST_DEPENDS)
	@mkdir -p $(NATIVE)
	gcc $(CW_WARNINGS) -O1 -g -fno-omit-frame-pointer $(CW_SANITIZERS) -DCW_NO_SIMD -I$(CW) $(CW_TESTS) \
	  $(CW_SOURCES) -o $@

$(NATIVE)/test-san-ged188: tests/c/test_ged188.c $(CW_SOURCES) $(CW_HEADERS)
	@mkdir -p $(NATIVE)
	gcc $(CW_WARNINGS) -O1 -g -fno-omit-frame-pointer $(CW_SANITIZERS) -I$(CW) $< $(CW_SOURCES) -o $@

# $(call tree,DIR): a copy of what a build needs, so that no other build's objects are found or touched.
tree = rm -rf $(1) && mkdir -p $(1) && cp -r pyproject.toml setup.py src ext $(wildcard README.md LICENSE) $(1)/ && \
	find $(1) \( -name '*.so' -o -name '__pycache__' -o -name '*.egg-info' -o -name '_cilwire.c' -o -name '_ged188.c' \
	  -o -name '_cilwire_cffi.c' \) -prune -exec rm -rf {} +

GED_TESTS := $(wildcard tests/unit/ged188/test_ged_messages.py tests/unit/ged188/test_ged_json.py \
	tests/unit/ged188/test_ged_reentry.py)
SAN_TESTS ?= $(wildcard tests/unit/codec) $(GED_TESTS)
SAN_ENV = LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)" PYTHONMALLOC=malloc \
	PYTHONDONTWRITEBYTECODE=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

# Invariant: neither the C core nor the Cython layer over it reads or writes outside a buffer, meets undefined behaviour
# or loses memory. CPython itself ends with unfreed memory; of its report only leaks with a frame of ours count.
.PHONY: test-sanitize
test-sanitize: $(NATIVE)/test-san-simd $(NATIVE)/test-san-scalar $(NATIVE)/test-san-ged188
	ASAN_OPTIONS=detect_leaks=1 $(NATIVE)/test-san-ged188
	ASAN_OPTIONS=detect_leaks=1 $(NATIVE)/test-san-simd
	ASAN_OPTIONS=detect_leaks=1 $(NATIVE)/test-san-scalar
	$(call tree,build/san)
	test -x .venv-san/bin/python || python3 -m venv .venv-san
	.venv-san/bin/python -m pip install -q 'setuptools>=77' 'Cython>=3.1' pytest pytest-timeout hypothesis
	FASTCIL_DEBUG=1 FASTCIL_SANITIZE=1 .venv-san/bin/python -m pip install -q --no-deps --no-build-isolation \
	  --force-reinstall build/san
	$(SAN_ENV) ASAN_OPTIONS=detect_leaks=0 FASTCIL_BACKEND=cython FASTCIL_TEST_BACKENDS=cython \
	  .venv-san/bin/python -m pytest -q -p no:cacheprovider $(SAN_TESTS)
	rm -f build/san/leaks.*
	$(SAN_ENV) ASAN_OPTIONS=detect_leaks=1:fast_unwind_on_malloc=0:malloc_context_size=40:log_path=build/san/leaks \
	  LSAN_OPTIONS=exitcode=0 FASTCIL_BACKEND=cython .venv-san/bin/python tests/fuzz/leak_workload.py
	python3 tests/fuzz/leak_report.py build/san/leaks.*

# ---- fuzzing ----

FUZZ_SECONDS ?= 60
FUZZ_TARGETS := frame block filter_compile filter_match ged188
CLANG ?= clang

# Whether libFuzzer's runtime is there: Debian has it in a package of its own, which clang only recommends.
libfuzzer = echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n); int LLVMFuzzerTestOneInput(const char *d, \
	  unsigned long n) { (void)d; (void)n; return 0; }' | $(CLANG) -x c - -fsanitize=fuzzer -o $(NATIVE)/probe-$*

$(NATIVE)/fuzz-%: tests/fuzz/fuzz_%.c tests/c/rebuild.h $(CW_SOURCES) $(CW_HEADERS)
	@mkdir -p $(NATIVE)
	@$(call need,$(CLANG),clang)
	@$(libfuzzer) 2>/dev/null || { $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq \
	  libclang-rt-$$($(CLANG) -dumpversion | cut -d. -f1)-dev; } && $(libfuzzer)
	$(CLANG) -std=c11 -Wall -Wextra -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined \
	  -fno-sanitize-recover=all -I$(CW) $< $(CW_SOURCES) -o $@

# Invariant: no bytes of a peer and no text of a user make the C core crash, hang, leak or disagree with itself; each
# target says its own in its first lines. FUZZ_SECONDS is per target; what is found is kept in build/fuzz.
.PHONY: fuzz
fuzz: $(FUZZ_TARGETS:%=fuzz-%)

.PHONY: $(FUZZ_TARGETS:%=fuzz-%)
$(FUZZ_TARGETS:%=fuzz-%): fuzz-%: $(NATIVE)/fuzz-%
	@mkdir -p build/fuzz/$*
	$(NATIVE)/fuzz-$* -max_total_time=$(FUZZ_SECONDS) -timeout=10 -max_len=16384 -print_final_stats=1 -verbosity=0 -print_funcs=0 \
	  -artifact_prefix=build/fuzz/$*- build/fuzz/$* tests/fuzz/corpus/$*

# ---- PyPy ----

PYPY_TESTS ?= $(wildcard tests/unit/codec tests/unit/catalog tests/unit/cil tests/property tests/vectors) $(GED_TESTS) \
	$(wildcard tests/unit/ged188/test_ged_schema.py)

# Invariant: on PyPy the cffi backend and the reference pass the same suite as everything does on CPython.
.PHONY: test-pypy
test-pypy:
	$(call need,pypy3,pypy3 pypy3-dev pypy3-venv)
	$(call tree,build/pypy)
	test -x .venv-pypy/bin/python || pypy3 -m venv .venv-pypy
	.venv-pypy/bin/python -m pip install -q 'setuptools>=77' pytest pytest-timeout hypothesis
	.venv-pypy/bin/python -m pip install -q --no-deps --no-build-isolation --force-reinstall build/pypy
	FASTCIL_TEST_BACKENDS=cffi,reference .venv-pypy/bin/python -m pytest -q -p no:cacheprovider $(PYPY_TESTS)
