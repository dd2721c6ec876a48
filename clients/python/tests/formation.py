"""A formation over three rotations: two processes that pick their keys up while they run, beside one that is restarted."""

from rings import ring, revoked, rotated_at
from service import REVOKED, Process, Service, given


class Formation:
    """``app_of(ring)`` makes the app of a process. ``apps`` are those of now, the restarted one at the end."""

    def __init__(self, app_of):
        self.service, self._app_of = Service(), app_of
        self.clock = self.service.clock
        self.lives = [Process(self.service) for _ in range(2)]
        for one in self.lives:
            one.turn()
        self._running = [app_of(one.ring) for one in self.lives]
        self.restart(0)

    @property
    def apps(self):
        return [*self._running, self._restarted]

    def restart(self, generation, **told):
        self._restarted = self._app_of(ring(generation, self.clock, settle=600, **told))

    def rotations(self):
        """Stops where a visitor may come: before anybody knows of a rotation, while only some do, and after the settle time."""
        yield "at the start"
        for generation in (1, 2, 3):
            self.clock.at = rotated_at(generation)
            self.service.publish(generation)
            yield f"rotation {generation} is at Heroku"
            self.restart(generation)
            yield f"rotation {generation}, one was restarted"
            self.clock.pass_by(seconds=45)
            self.lives[0].turn()
            yield f"rotation {generation}, one has asked"
            self.clock.pass_by(minutes=5)
            self.lives[1].turn()
            yield f"rotation {generation}, all have asked"
            self.clock.pass_by(hours=2)
            yield f"rotation {generation}, the new key signs"

    def revoke(self):
        self.service.answers = [given(503, REVOKED)] * len(self.lives)
        self.ask()

    def succeed(self):
        """The keys after the revoke."""
        self.service.publish(3, env=revoked(3))
        self.restart(3, env=revoked(3))
        self.ask()

    def ask(self):
        for one in self.lives:
            one.wait()
