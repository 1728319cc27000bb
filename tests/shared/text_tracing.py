"""Reads a drawing of characters back: which box, by which wire, leads into which.

It knows the signs and nothing of how a drawing is made.
"""

import re

UP, RIGHT, DOWN, LEFT = (-1, 0), (0, 1), (1, 0), (0, -1)
SIDES = {
    "│": {UP, DOWN}, "─": {LEFT, RIGHT}, "╰": {UP, RIGHT}, "╭": {DOWN, RIGHT}, "╯": {UP, LEFT},
    "╮": {DOWN, LEFT}, "├": {UP, DOWN, RIGHT}, "┤": {UP, DOWN, LEFT}, "┴": {UP, LEFT, RIGHT},
    "┬": {DOWN, LEFT, RIGHT}, "┼": {UP, DOWN, LEFT, RIGHT},
}  # fmt: skip


class Page:
    def __init__(self, lines):
        width = max(map(len, lines))
        self.rows = [line.ljust(width) for line in lines]
        self.owner, self.boxes = {}, []
        for y, row in enumerate(self.rows):
            for x, sign in enumerate(row):
                if sign in "┌╔":
                    self._box(y, x)

    def at(self, place):
        y, x = place
        inside = 0 <= y < len(self.rows) and 0 <= x < len(self.rows[0])
        return self.rows[y][x] if inside else " "

    def _box(self, top, left):
        right = min(i for i in map(self.rows[top].find, "┐╗", [left] * 2) if i > left)
        bottom = next(y for y in range(top + 1, len(self.rows)) if self.rows[y][left] in "└╚")
        assert self.rows[bottom][right] in "┘╝"
        places = {(y, x) for y in range(top, bottom + 1) for x in range(left, right + 1)}
        assert not places & self.owner.keys(), "two boxes overlap"
        inside = [self.rows[y][left + 1 : right].strip() for y in range(top + 1, bottom)]
        for y in range(top + 1, bottom):
            assert self.rows[y][left] + self.rows[y][right] in ("││", "║║")
        self.owner |= dict.fromkeys(places, len(self.boxes))
        self.boxes.append([line for line in inside if line])

    def wires(self):
        """(lines of the tail, lines of the head, label) of every arrow."""
        found = []
        for y, row in enumerate(self.rows):
            for x, sign in enumerate(row):
                if sign not in "►▼" or (y, x) in self.owner:
                    continue
                step = RIGHT if sign == "►" else DOWN
                head = self.owner[y + step[0], x + step[1]]
                start, label = self._start(y, x, sign)
                sources = self._sources(start)
                assert len(sources) == 1, (self.boxes[head], sources)
                found.append((self.boxes[sources.pop()], self.boxes[head], label))
        return found

    def _start(self, y, x, sign):
        """Where a wire comes from, before its head and its label; and the label."""
        if sign == "▼":
            beside = re.split(r"  |(?:^|(?<= ))[▼│]", self.rows[y][x + 2 :])[0].strip()
            return ((y - 1, x), UP), beside if self.at((y, x + 1)) == " " else ""
        if self.at((y, x - 1)) != " ":
            return ((y, x - 1), LEFT), ""
        label = self.rows[y][: x - 1].rpartition("─ ")[2]
        return ((y, x - 3 - len(label)), LEFT), label

    def _sources(self, start):
        """The boxes from which the wires of one net leave."""
        waiting, met, sources = [start], set(), set()
        while waiting:
            place, moving = waiting.pop()
            if (place, moving) in met:
                continue
            met.add((place, moving))
            if place in self.owner:
                assert moving in (LEFT, UP), "a wire runs into a box without a head"
                sources.add(self.owner[place])
                continue
            sign = self.at(place)
            if sign in "►▼ ":
                assert moving in (RIGHT, DOWN), "a wire ends in nothing"
                continue
            came = (-moving[0], -moving[1])
            sides = SIDES[sign]
            if sign == "│" and moving in (LEFT, RIGHT):  # it crosses another
                sides = {LEFT, RIGHT}
            assert came in sides, f"a wire breaks off at {place}"
            waiting += [((place[0] + side[0], place[1] + side[1]), side) for side in sides - {came}]
        return sources
