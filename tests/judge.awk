# judge.awk -v status=N LOG: reads TAP and prints "PASSED FAILED SKIPPED" and, behind that, what else
# is wrong with the program that wrote it. tests/unit/judge.sh tests it.
/^ok( |$)/ { if (toupper($0) ~ /# SKIP/) skip++; else pass++; next }
/^not ok( |$)/ { fail++; next }
/^1\.\.[0-9]+/ { plans++; planned = substr($1, 4) + 0 }
END {
	seen = pass + fail + skip
	if (status == 124 || status == 137) wrong = "it took too long or was killed"
	else if (!plans) wrong = "it ended without its plan"
	else if (plans > 1) wrong = "it has several plans"
	else if (seen != planned) wrong = "it planned " planned " results and gave " seen
	else if (status != 0 && !fail) wrong = "its exit status is " status
	if (wrong != "") fail++
	else if (planned == 0) skip++
	printf "%d %d %d %s\n", pass, fail, skip, wrong
}
