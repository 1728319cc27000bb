"""A computation told once, as data: what every value is called, every step, every formula.

Tables, descriptions, the prompt, the words under a picture, the player, lessons and JSON lay the
same steps out. Invariant: nothing above this floor computes a contribution, counts its uses or
writes its formula, and nothing here knows a language, a width or a format.
"""
