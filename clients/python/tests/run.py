"""Runs test modules and writes one line of JSON for each test: ``run.py [--list] MODULE...``"""

import json
import sys
import traceback
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "src")]


def tests_of(suite):
    for one in suite:
        if isinstance(one, unittest.TestSuite):
            yield from tests_of(one)
        else:
            yield one


def title_of(test):
    described = test.shortDescription()
    return described or test.id().rsplit(".", 1)[-1].removeprefix("test_").replace("_", " ")


class Lines(unittest.TestResult):
    def startTest(self, test):
        super().startTest(test)
        self.problems, self.skip = [], None

    def addError(self, test, error):
        self.problems.append("".join(traceback.format_exception(*error)))

    addFailure = addError

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self.problems.append(f"{subtest.id()}\n" + "".join(traceback.format_exception(*error)))

    def addSkip(self, test, reason):
        self.skip = reason

    def stopTest(self, test):
        write(id=test.id(), problem="\n".join(self.problems) or None, skipped=self.skip)
        super().stopTest(test)


def write(**line):
    print(json.dumps(line), flush=True)


def main(arguments):
    listing = "--list" in arguments
    names = [one for one in arguments if one != "--list"]
    suite = unittest.defaultTestLoader.loadTestsFromNames(names)
    if listing:
        for test in tests_of(suite):
            write(id=test.id(), title=title_of(test))
        return
    suite.run(Lines())


if __name__ == "__main__":
    main(sys.argv[1:])
