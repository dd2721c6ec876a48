import pickle
import sys
import unittest
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from itsdangerous import BadSignature, Signer, TimestampSigner, URLSafeTimedSerializer

from odd_cookies import odd
from rings import Clock, key, revoked, ring, rotated_at
from securekey import SecureKeyError


class ItsDangerous(unittest.TestCase):
    def setUp(self):
        self.clock = Clock(rotated_at(1) + timedelta(seconds=30))

    def test_the_list_ends_with_the_key_that_signs(self):
        made = ring(1, self.clock, announced=True)
        self.assertEqual(made.itsdangerous(), [key(4), key(2), key(3)])
        signed = Signer(made.itsdangerous(), salt="mail").sign("user-17")
        self.assertEqual(Signer(key(3), salt="mail").unsign(signed), b"user-17")

    def test_what_was_signed_outlives_the_next_rotation_and_not_the_one_after_it(self):
        signed = TimestampSigner(ring(1, self.clock).itsdangerous()).sign("user-17")
        self.assertEqual(TimestampSigner(ring(2, self.clock).itsdangerous()).unsign(signed), b"user-17")
        for later in (ring(3, self.clock), ring(1, self.clock, env=revoked(1))):
            self.assertRaises(BadSignature, TimestampSigner(later.itsdangerous()).unsign, signed)

    def test_a_list_that_is_copied_at_the_start_is_without_the_settle_time(self):
        self.assertEqual(ring(1, self.clock, settle=600).itsdangerous()[-1], key(3))

    def test_a_serializer_of_the_ring_follows_the_settle_time(self):
        made = ring(1, self.clock, settle=600)
        serializer = made.serializer(URLSafeTimedSerializer, salt="mail")
        during = serializer.dumps("user-17")
        self.clock.pass_by(minutes=10)
        after = serializer.dumps("user-17")
        self.assertEqual(URLSafeTimedSerializer(key(2), salt="mail").loads(during), "user-17")
        self.assertEqual(URLSafeTimedSerializer(key(3), salt="mail").loads(after), "user-17")
        self.assertEqual([serializer.loads(one, max_age=60) for one in (during, after)], ["user-17"] * 2)

    def test_a_formation_half_restarted_reads_what_either_half_signs_to_and_fro_eight_times(self):
        for restarted, old in [
            (ring(1, self.clock, settle=600), ring(0, self.clock)),
            (ring(1, self.clock), ring(0, self.clock, announced=True)),
        ]:
            halves = [one.serializer(URLSafeTimedSerializer, salt="mail") for one in (restarted, old)]
            signed = halves[1].dumps("user-17")
            for process in halves * 8:
                signed = process.dumps(process.loads(signed))

    def test_odd_values_are_refused(self):
        serializer = ring(1, self.clock).serializer(URLSafeTimedSerializer, salt="mail")
        for value in odd(serializer.dumps("user-17")):
            self.assertRaises(BadSignature, serializer.loads, value)
        forged = URLSafeTimedSerializer("", salt="mail").dumps("mallory")
        self.assertRaises(BadSignature, serializer.loads, forged)

    def test_a_serializer_with_options_that_do_not_fit_is_refused_at_once(self):
        made = ring(1, self.clock)
        self.assertRaises(TypeError, made.serializer, URLSafeTimedSerializer, no_such=1)
        self.assertRaises(SecureKeyError, made.serializer, URLSafeTimedSerializer, life="a year")

    def test_a_serializer_shows_no_key_and_is_not_pickled(self):
        serializer = ring(1, self.clock).serializer(URLSafeTimedSerializer)
        self.assertNotIn(key(3), repr(serializer))
        self.assertRaises(TypeError, pickle.dumps, serializer)
        self.assertRaises(TypeError, vars, serializer)


if __name__ == "__main__":
    unittest.main()
