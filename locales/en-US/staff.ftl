# What staff read. Brief and exact: what has happened, and what to do.

safety-line = Stillroom is a comfort system, an adjunct to and never a substitute for the room’s own nurse call and monitoring. It is not a medical device.

## First run

first-run-title = Set up this room
first-run-step = Step { $step } of { $of }
first-run-needs = This takes about five minutes. Have a bank card at hand and, if the clinic has one, a sound meter.
first-run-room-title = Name of the room
first-run-room-hint = As the desk shows it, up to 40 characters. Never a patient’s name.
first-run-pin-title = Choose a staff PIN
first-run-pin-rules = 4 to 12 digits. Avoid dates, repeats and runs such as 123456.
first-run-pin-again = Enter the PIN again
first-run-pin-mismatch = The two PINs differ. Enter both again.
first-run-screen-title = Size of the screen
first-run-screen-lay = Lay a bank card on the outline.
first-run-screen-match = Touch − or + until both are the same size.
first-run-screen-size = { $inches } inches, corner to corner
first-run-screen-card = A bank card fits here
first-run-screen-too-small = Too small: at least { $inches } inches are needed. Use a larger screen, or touch − if your card is smaller than the outline.
first-run-meter-title = How loud it is at the pillow
first-run-meter-lay = Lay a sound meter where the patient’s head rests. Set it to dB(A), slow.
first-run-meter-play = Play the tone. It lasts 20 seconds.
first-run-meter-set = Set what the meter reads. Levels are then shown as they are heard here.
first-run-meter-tone = Play the tone
first-run-meter-unread = Not read yet
first-run-no-meter = No meter here
first-run-cap-title = Loudest level
first-run-cap-play = Play the test tone.
first-run-cap-listen = Listen where the patient’s head rests.
first-run-cap-set = Set the loudest that you would want there. The room never plays louder.
first-run-cap-db = { $db } dB
first-run-cap-dba = { $db } dB, about { $dba } dB(A) at the patient’s head
first-run-test-tone = Play the test tone
first-run-finish = Finish
first-run-not-saved = Not saved: { $why }

## The way in

staff-door = Staff: hold here
staff-pin-title = Staff PIN
staff-pin-wrong = Wrong PIN
staff-pin-locked = Locked. Try again in { $seconds } s.
staff-pin-unchecked = The PIN could not be checked. Try again.
staff-pin-forgotten = PIN forgotten? Set a new one at the machine’s own shell: stillroom staff set-pin
staff-close = Close
staff-pin-delete = Delete
staff-pin-enter = Enter

## The visit

staff-settle = Wait for the pump
staff-infusion-starts = The infusion starts now
staff-pause = Pause
staff-resume = Resume
staff-paused = Paused
staff-extend = Extend by { $minutes } min
staff-end = End the session
staff-end-confirm = End now? Music and light land over the next minutes.
staff-talk-now = Quiet to talk
staff-here = Staff only: slide on arrival
staff-clear = Staff only: slide to clear
staff-reset-hold = Hold to reset
staff-accept-output = Let sound play here
staff-reset-call-open = A call is open. Clear it before the reset.
staff-after = Go to After
staff-farewell = Go to Farewell
staff-volume = Sound { $step }/{ $of }, { $db } dB
staff-volume-dba = Sound { $step }/{ $of }, { $dba } dB(A)
staff-dba = { $dba } dB(A)
staff-clock = { $minutes } of { $infusion } min infusion, { $of } in all
staff-clock-before = { $infusion } min infusion, { $of } in all
staff-clock-after = { $minutes } of { $of } min in all
staff-line-up = { $desks ->
    [one] { $desks } desk is listening
   *[other] { $desks } desks are listening
}
staff-no-desk-ready = No desk is listening. Open the desk page and unlock its sound.
staff-tone-unheard = At the last turnover nobody heard the test tone, so this room may be silent. Check the speaker.
staff-line-ask = No desk is listening, so a call would reach nobody. Begin anyway?
staff-begin-anyway = Begin anyway
staff-cancel = Cancel
staff-more = More
staff-back = Back
staff-begin = Begin { $minutes } min
staff-begin-other = { $minutes } min
staff-in-all = { $of } in all
staff-profile-line = { $minutes } min · { $place }
staff-profiles-more = More { $page }/{ $pages }
staff-keep = Keep { $place }
staff-calm = Calm now
staff-silence = Silence
staff-place = Place
staff-light-planned = Light as planned
staff-light = Light { $trim } %
staff-reset-note = A reset erases everything this patient left here.
staff-warnings = { $count ->
    [one] { $count } warning
   *[other] { $count } warnings
}
staff-exit = Leave the kiosk

## Troubles

staff-troubles-more = { $count } more, which the desk shows
trouble-journal-failing = The journal cannot be written. Calls still go out, but one would not survive a restart. Check the disk.
trouble-journal-damaged = Part of the journal could not be read. This visit may not be where it was: look in, and set it right.
trouble-call-may-be-lost = A call may have been lost, so the room called by itself. Go and look, then clear it here.
trouble-record-set-aside = Something in this visit stopped the program several times and was skipped. Look in. A reset ends this.
trouble-state-unwritable = The state folder cannot be written. Nothing survives a restart. Check the disk and its permissions.
trouble-sound-lost = No sound device. Sound returns by itself once one is connected.
trouble-output-not-calibrated = Sound would play where this room was not measured. All sound is off. Plug the right output back in, or allow this one.
trouble-output-unmeasured = Sound plays where this room was not measured, so it stays very quiet. Plug the right output back in.
trouble-chime-lost = The corridor chime has no output. A call that reaches no desk would sound in this room only.
trouble-tracks-gone = None of the profile’s music can be played. Run: stillroom check
trouble-keys-in-memory-only = No memory-backed folder for keys. A restart of the program loses the patient’s note.
trouble-notes-not-sealed = The note could not be sealed on disk. A restart of the program loses it.
trouble-notes-lost = The note of this visit is lost with its key. Tell the patient.
trouble-files-wrong = A file of the settings or of a profile is wrong. Run: stillroom check
trouble-state-restored = A small file of this room was damaged. Its last good copy is in use, and nothing is lost. The log names it: have the disk looked at.
trouble-setup-lost = What the first run set is damaged, and so is its copy. The sound stays at its quietest. The log says what to do.
trouble-staff-pin-lost = The staff PIN is damaged, and so is its copy. No PIN is accepted. Run: stillroom staff set-pin
trouble-desk-password-lost = The desk’s password is damaged, and so is its copy. The desk lets nobody in. Run: stillroom desk set-password. Then restart.
trouble-desk-closed = The desk page could not open. Check that no other program uses its port.
trouble-line-down = The broker cannot be reached, so the desk of several rooms does not hear this room. Still trying. Check the network.
trouble-room-name-taken = Another room uses this room’s id at the broker. Give each its own: line.mqtt.room in kiosk.toml.
trouble-not-shown-at-desk = A desk of several rooms has no space for this room, so its calls do not show there. Move the room to another broker with its own desk.
trouble-line-fought-over = Something else signs in at the broker as this room and pushes it out: calls may come late. Give each tablet a user of its own.
trouble-escalation-failed = A call could not be passed on by the escalation list. Go and look. Then check the list’s addresses.
trouble-contact-failed = The contact to your own nurse call does not answer. Still trying. Check its cable and its program.
trouble-part-failed = Part of this program failed and was restarted. If something here does not answer, restart the tablet.
trouble-screen-still = The tablet’s screen has stopped moving. Look at it. If it stays frozen, restart the tablet.
trouble-notes-damaged = Part of the note was damaged and could not be opened. The rest is there. Tell the patient.
trouble-receipts-broken = The list of wipe receipts was changed, or one is missing. Run: stillroom receipts
trouble-room-left = Nobody has touched this room for 30 minutes. Look in. Reset it once the patient has left.
trouble-wipe-unverified = The last wipe could not be verified. Reset again before the next patient.

## Parts and stages

part-settle = Settle
part-onset = Onset
part-peak = Peak
part-return = Return
part-landing = Landing
stage-ready = Ready
stage-arrive = Arrive
stage-session = Session
stage-after = After
stage-farewell = Farewell
stage-turnover = Turnover
stage-blocked = Blocked

## Turnover

turnover-wiping = Erasing
turnover-receipt = Receipt { $number }
turnover-proof = Erased and checked at { $at } · receipt { $number }
turnover-checks = What was checked
check-no-visit-key = The key to what was written here is destroyed
check-no-sealed-notes = No note or drawing is left
check-all-looked-through = Every file was looked at
check-only-expected-files = No file is left that does not belong here
check-journal-compacted = The room’s own records hold nothing of the visit
check-fresh-process = The program started afresh, with empty memory
check-desk-forgot = The desk shows nothing of the patient
check-nothing-under-way = Nothing waits at the printer, in a folder or on a stick
check-receipt-kept = This receipt is kept
turnover-surface = Clean now
turnover-surface-done = Screen cleaned
turnover-speaker = Nobody heard the tone: this room may be silent
turnover-speaker-heard = Yes, I heard it
turnover-speaker-unheard = No
turnover-speaker-again = Play it again
turnover-speaker-done = You heard the tone
turnover-call-test = No desk received the test call
turnover-call-soon = A test call goes out as soon as a desk listens.
turnover-call-waiting = Test call sent. Waiting for a desk to show it.
turnover-call-ok = A desk received the test call.
turnover-call-no-desk = No desk received the test call. Open the desk page and unlock its sound.
turnover-wiping-note = For a moment the screen does not react. Stay in the room.
turnover-closing = Nothing of the last patient is left here.
turnover-clean-title = Get a cloth
turnover-clean = Touch locks by itself, so that you can clean the screen. The room tests itself meanwhile.
turnover-skip = Skip cleaning
turnover-locked-title = Clean the screen now
turnover-locked = Touch is locked. It comes back by itself. The call still works.
turnover-tone-soon = Listen: a test tone comes soon.
turnover-tone-played = The test tone was played. You are asked about it later.
turnover-speaker-question = Did you hear the tone?
turnover-heard-ready = Yes: the room is ready
turnover-tone-title = If you heard no tone
turnover-tone-power = Look at the speaker: plugged in, switched on, not turned down.
turnover-tone-output = The sound goes to “{ $output }”. Is that this speaker?
turnover-tone-default-output = The sound goes to the tablet’s own output. Is this speaker plugged in there?
turnover-tone-still = Play it again. If it stays silent, keep the room closed and tell whoever looks after this machine.
turnover-without-tone = Go on without it
turnover-call-again = Test again
turnover-not-cleaned = The screen was not cleaned
turnover-ready = Room is ready
turnover-open = Not done yet
turnover-ready-anyway = Ready anyway
turnover-back = Back
blocked-title = This room takes no patient
blocked-text = The wipe could not be verified. The list of checks says why. Reset again. If it fails again, keep the room closed and tell whoever looks after this machine.
blocked-again = Hold to reset again
