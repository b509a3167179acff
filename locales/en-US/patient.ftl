# What a patient reads. Few words, plain, in the tenses that people speak, second person, reading grade 6 or below.
# No cheer, no jargon, no exclamation marks. Each line is read by someone who may be frightened and far away.

## The call

call-band-idle = Call someone
call-button = Call
call-placed = Calling.
call-received = Your call is at the staff desk.
call-on-the-way = Your clinician is coming to you.
call-on-the-way-named = { $name } is coming to you.
call-here = Your clinician is with you.
call-here-named = { $name } is here.
call-reasons = You can touch why. You don’t have to.
reason-bathroom = Bathroom
reason-sick = I feel sick
reason-pain = Something hurts
reason-temperature = Cold or warm
reason-sound-or-light = Sound or light
reason-company = Stay with me
call-line-down = I can’t reach the staff desk. Press the wall button or call out.
call-keeps-trying = I’ll keep trying to reach them.
call-practice = Practice
call-practice-coming = In a real call, someone would come to you now.
dark-panel = Touch here again to call someone
dark-leave = Show the screen

## Ready

ready-begin = When you are ready, touch to begin.
ready-fresh = This room is fresh. Nothing from an earlier visit is here.

## On many screens

next = Next
back = Back
skip = Skip
done = Done
notice-staff-speak = Your clinician is speaking to you.
notice-call-cleared = We’re glad you called.
breath-in = Breathe in
breath-out = Breathe out

## Arrive

arrive-language-title = Choose your language

arrive-welcome-title = Welcome
arrive-welcome-text = This screen keeps you company. It plays music, shows a calm place, and calls someone when you want them. You can skip anything, and there is nothing to get wrong.

arrive-skip-all = Skip all

comfort-title = Make it comfortable
comfort-text = If someone came with you, they can do this for you.
comfort-hand = Which hand is free?
hand-left = Left hand
hand-right = Right hand
comfort-type = How large should words be?
type-normal = Like this
type-larger = Larger

arrive-expect-title = What to expect
arrive-expect-1-title = Thoughts loosen
arrive-expect-1-text = For a while, old loops of thought can let go.
arrive-expect-2-title = New paths may open
arrive-expect-2-text = In the days after, small new steps can come more easily.
arrive-expect-3-title = It will pass
arrive-expect-3-text = Things may look double, or feel far away. It fades by itself.

arrive-questions-title = Only if you like
arrive-question-1 =
    What has led me to embark on this treatment?
    Why am I here?
arrive-question-2 =
    What would I like to shift or change in my life?
    Where do I feel stuck?
arrive-question-3 = What does my best self need and want?
arrive-question-1-title = What brought you here?
arrive-question-2-title = What would you like to change?
arrive-question-3-title = What does your best self need?

arrive-clinician-title = Something I want my clinician to know
arrive-clinician-text = A hope, a fear, a question. No one else sees it unless you press Share.
arrive-shared = Your clinician can read this now
arrive-share = Share
arrive-unshare = Stop sharing

arrive-place-title = Where would you like to be?
arrive-sound-title = What would you like to hear?

arrive-breath-title = Breathe with this place
arrive-breath-text = Breathe in as the ring grows, and out as it shrinks. Or keep your own pace.

arrive-call-title = Try the call
arrive-call-text = This is how you call someone. Touch the call now and see it work. It is only practice, and the staff know.
arrive-call-waiting = Your practice call is on its way.
arrive-call-reached = It works. In your session, you call at the bottom of the screen.
arrive-call-answered = It works. Someone has answered.
arrive-call-no-desk = I can’t reach the staff desk right now. Tell your clinician. If you need someone, press the wall button or call out.
arrive-call-done = You can call like this at any time.

arrive-dark-text = You can make the screen dark, and still call. Touch anywhere once, then touch the middle.
arrive-dark-try = Try the dark

arrive-waiting-title = Everything is ready
arrive-waiting-text = Your clinician will start when it’s time. There is nothing you need to do. You can rest now.

## Places

place-beach = Beach
place-forest = Forest
place-quiet-room = Quiet room
place-night-sky = Night sky
place-mountain-lake = Mountain lake
place-drifting-colour = Drifting color
place-pictures = Pictures
place-dark = Dark

hear-music = Music
hear-sea = The sea
hear-rain = Rain
hear-rain-thunder = Rain, far thunder
hear-wind = Wind in leaves
hear-stream = A stream
hear-fire = A fire
hear-crickets = Crickets at night
hear-night-forest = Forest at night
hear-snow = The hush of snow
hear-brown = A low hush
hear-silence = Silence

## Session

session-breathe = Breathe
session-silence = It is quiet now.
session-place = Place
session-sound = Sound
session-dark = Dark
session-anchor = Too much
anchor-line-1 = This is the medicine. It will pass.
anchor-line-2 = You are safe here.
anchor-line-3 = Breathe out slowly.
anchor-line-4 = You can call someone at any time.
where-settle = You are in the infusion room. There is nothing you need to do. You can always call.
where-onset = You are in the infusion room. The medicine is beginning to work, and it will pass.
where-peak = You are in the infusion room. This is the strongest part. It gets lighter from here.
where-return = You are in the infusion room. The strongest part is over. About { $minutes } minutes more.
where-landing = You are in the infusion room, and nearly back. About { $minutes } minutes more.
where-landed = You are in the infusion room. The medicine has done its work. You can rest.
anchor-done = Go back
sound-softer = Softer
sound-louder = Louder
sound-skip = Different music
sound-silence = Silence
sound-return = Bring the sound back
sound-level = The sound: { $level }
volume-1 = Very quiet
volume-2 = Quiet
volume-3 = Medium
volume-4 = Louder
volume-5 = Full
session-word-1 = Let it come.
session-word-2 = There is nothing to do.
session-word-3 = It does not have to make sense.
session-word-4 = You can let go.
session-word-5 = This will pass.
session-word-6 = Your breath knows the way.
session-word-7 = Let your hands be soft.
session-word-8 = Let it move through you.
session-word-9 = Whatever comes may come.
session-word-10 = The ground holds you.
session-word-11 = Be kind to what you find.
session-word-12 = You’ll come back in your own time.
session-paused = Let’s rest here a moment. There is nothing you need to do.
landing-ready = I’m ready for what’s next
session-note-damaged = A part of what you wrote did not come back. The rest is here.
session-restored = The power went out. We are back where we were, but what you wrote before is gone.

## After

after-title = Take your time
after-text = There is no rush to feel normal. If something is still with you, you can put it down here before it fades.
after-write = Write it down
after-draw = Draw it
after-cards = For the days ahead
after-take = Take it home
after-leave = I’m done here
note-prompt-emotions = What do you feel?
note-prompt-memories = What came back to you?
note-prompt-images = What did you see?
note-prompt-word = One word is enough.
note-prompts = A feeling, a memory, a picture. A word, a color. Or nothing at all.
note-feelings = Feelings
note-before = Before
note-draw = Draw
note-write = Write
feeling-1 = calm
feeling-2 = sad
feeling-3 = light
feeling-4 = heavy
feeling-5 = warm
feeling-6 = cold
feeling-7 = afraid
feeling-8 = tender
feeling-9 = tired
feeling-10 = free
feeling-11 = alone
feeling-12 = loved
draw-clear = Clear
draw-hint = A color, a shape, a line. It does not have to look like anything.
note-new-page = New page
note-page-back = Last page
note-page-next = Next page
note-nearly-full = This page is nearly full.
note-full = This page is full. You can go on with a new one.
note-pages-full = All the pages are full. Everything on them is kept.
note-intentions-title = What you wrote before
note-empty-intention = You left this one open.
key-shift = Shift
key-delete = Delete
key-space = Space
key-return = Return
key-symbols = 123
key-letters = ABC
key-undo = Undo
after-card-1-title = Let it settle
after-card-1-text = What came up may make sense slowly, or not at all. Talk about it soon with someone you trust, such as a therapist. What you wrote can help.
after-card-2-title = Be kind to yourself
after-card-2-text = You may feel tender, tired or slow. That is all right. Talk to yourself the way you talk to a dear friend.
after-card-3-title = Keep it quiet
after-card-3-text = Noise, crowds and screens can be a lot today. Rest, eat something light, and let someone else drive.
after-card-4-title = The days ahead
after-card-4-text = Tell your clinic how the next days go, and keep your next visit. If dark thoughts come, call or text 988 at any hour, or call your clinic.
card-scan = For the camera of your phone
take-title = Take it home
take-question = How would you like to take it?
take-phone = On my phone
take-paper = On paper
take-sealed = To my therapist
take-photo = Take a photo of it
take-photo-hint = It fills the screen for your camera.
take-photo-next = Next drawing
take-taken = Taken
take-phone-hint = You scan a code with your camera.
take-paper-hint = It will be printed here in the clinic.
take-sealed-hint = It will be locked, so that only your therapist can open it.
take-words-only = Your words fit in a code. A drawing goes home as a photo.
take-paper-title = On paper
take-paper-going = It is being printed. You can stay here or go on.
take-paper-done = It is printed. The printer keeps no copy. Ask someone to bring it to you, face down.
take-sealed-title = To my therapist
take-sealed-going = It is being locked for your therapist. This takes a moment.
take-sealed-done = It is locked and saved. Only your therapist can open it. Its name ends in
take-again = Once more
take-try-again = Try again
take-other-way = Another way
take-fault-printer-away = I can’t reach the printer. Nothing was printed. You can take it another way, or ask someone here.
take-fault-printer-stopped = The printer stopped. It may need paper. I took your note back, so nothing is left there. Ask someone here, or take it another way.
take-fault-stick-missing = There is no memory stick here yet. Ask someone to put one in. Then try again.
take-fault-place-unwritable = I could not save it. If there was a memory stick, it may have been pulled out. Nothing is lost here.
take-fault-place-full = There is no space left where it should go. Ask someone here. Nothing is lost.
take-fault-not-made = That did not work. Your note is still here. You can take it another way, or ask someone.
take-qr-text = Point the camera of your phone at the square. Touch what shows up, then choose copy. Nothing is sent from here.
take-qr-search = Some phones offer to search the web with your words. Choose copy, and they stay with you.
take-qr-page = Part { $index } of { $of }
take-next-code = Next part
take-empty = There is nothing to take yet. Would you like to write or draw something first?
paper-title = What came up
paper-sheet = { $sheet } of { $of }
paper-date = { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
} { $day }, { $year }
take-leave-ask = What you made here will be erased after you leave. Would you like to take it with you first?
take-leave-yes = No, thank you
take-leave-back = Take it with me

## Farewell

farewell-title = Take it slow
farewell-text = Stay seated until someone helps you up. There is no hurry. What you made here is erased when you leave, so it stays private.
