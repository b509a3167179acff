//! Owns the tables of a practice call and of a call that survives a restart.

use super::call_tables::*;
use super::*;
use expect_test::expect;

#[test]
fn a_practice_call_goes_the_same_way_without_escalation() {
    check(
        vec![
            desk_seen(),
            (0, practice()),
            (20, journaled()),
            (50, sent()),
            (200, received(DESK)),
            (100_000, Event::DeskDisconnected { desk: DESK }),
            (110_000, coming("Ana")),
            (120_000, here()),
            (130_000, Event::CallCleared),
        ],
        30 * MINUTE,
        &expect![[r"
            000.000  desk 1 seen        idle
            000.000  practice press     placed practice unseen   send 1 as practice, CallPlaced
            000.020  journaled true     placed practice
            000.050  sent               sent practice
            000.200  received by 1      received practice        DeskHasIt
            030.200  ·                  received practice risen
            100.000  desk 1 gone        sent practice
            105.000  ·                  sent practice no-desk    PracticeNoDesk, send 1 as practice
            110.000  Ana is coming      on the way (Ana) practice SomeoneComing
            120.000  here               here (Ana) practice
            130.000  cleared            idle                     end
        "]],
    );
}

#[test]
fn a_real_press_during_a_practice_call_is_a_real_call() {
    check(
        vec![
            desk_seen(),
            (0, practice()),
            (20, journaled()),
            (50, sent()),
            (200, received(DESK)),
            (300, coming("Ana")),
            (5_000, Event::CallPressed { id: OTHER_CALL, practice: false }),
            (5_100, received(DESK)),
        ],
        11 * SECOND,
        &expect![[r"
            000.000  desk 1 seen        idle
            000.000  practice press     placed practice unseen   send 1 as practice, CallPlaced
            000.020  journaled true     placed practice
            000.050  sent               sent practice
            000.200  received by 1      received practice        DeskHasIt
            000.300  Ana is coming      on the way (Ana) practice SomeoneComing
            005.000  press              placed unseen            end, send 1, CallPlaced
            005.100  received by 1 refused placed unseen
            005.300  ·                  placed
            010.000  ·                  placed no-desk           NoDesk, send 1
        "]],
    );
}

#[test]
fn a_call_is_sent_again_after_a_restart() {
    check(
        received_then(vec![
            (10_000, Event::Restarted),
            (12_000, received(DESK)),
            (13_000, coming("Ana")),
            (14_000, Event::Restarted),
            (15_000, here()),
            (16_000, Event::Restarted),
        ]),
        30 * SECOND,
        &expect![[r"
            000.000  desk 1 seen        idle
            000.000  press              placed unseen            send 1, CallPlaced
            000.020  journaled true     placed
            000.050  sent               sent
            000.200  received by 1      received                 DeskHasIt
            010.000  resumed            sent                     send 1
            012.000  received by 1      received                 DeskHasIt
            013.000  Ana is coming      on the way (Ana)         SomeoneComing
            014.000  resumed            on the way (Ana)         send 1
            015.000  here               here (Ana)
            016.000  resumed            here (Ana)               send 1
        "]],
    );
}
