# Reads what a test runner printed and prints how many tests passed, failed and were skipped.

function number(word) { return match($0, "[0-9]+ " word) ? substr($0, RSTART) + 0 : 0 }
function add() { passed += number("passed"); failed += number("failed"); skipped += number("skipped") + number("ignored") }

# nextest: "Summary [  1.2s] 12 tests run: 10 passed (1 slow), 1 failed, 1 timed out, 3 skipped". What it calls skipped was
# left out by the filter and runs elsewhere. A failed test's output comes before it, and does not count twice.
/^ *Summary \[/ { passed = number("passed"); failed = number("failed") + number("timed out"); skipped = 0; nextest = 1 }
nextest { next }

# cargo test: "test result: ok. 12 passed; 0 failed; 3 ignored; ..."
/^test result:/ { add() }

# node --test: "# pass 12"
/^(#|ℹ) pass [0-9]+/ { passed += $3 }
/^(#|ℹ) (fail|cancelled) [0-9]+/ { failed += $3 }
/^(#|ℹ) skipped [0-9]+/ { skipped += $3 }

# vitest: "Tests  12 passed | 1 skipped (13)"; ours: "12 passed, 0 failed"
/^ *(Tests  +)?[0-9]+ (passed|failed|skipped)/ { add() }

END { print passed + 0, failed + 0, skipped + 0 }
