//! Everyday mail: threads with replies and forwards, notes from other companies, notices, invitations, junk.

use super::cast::{Colleague, colleagues};
use super::dice::Dice;
use super::{DAY_MS, Placed};
use crate::graph::message::{Attached, Letter, Party, escape};
use crate::people::Person;

/// Subject, opening line, and what is asked.
const TOPICS: [(&str, &str, &str); 35] = [
    (
        "Q4 budget review",
        "The consolidated budget is in the shared folder; two cost centres are still open.",
        "Could you confirm the travel line by Thursday?",
    ),
    (
        "Northwind launch: timeline",
        "Marketing moved the announcement by one week, so our freeze moves as well.",
        "Please check whether your team can hold the new date.",
    ),
    (
        "Contract renewal Fabrikam",
        "Legal sent the redlines back. Clause 7 (liability) is the only open point.",
        "Do we accept the cap at twelve months of fees?",
    ),
    (
        "Office move, floor 3",
        "Facilities needs the final seating plan before the electricians come.",
        "Who wants to keep a standing desk?",
    ),
    (
        "Customer escalation: Adatum",
        "Their import fails since the weekend; support has reproduced it.",
        "Can we have an engineer on the call at three?",
    ),
    (
        "Interview feedback",
        "We spoke to two strong candidates for the platform role.",
        "Please add your notes before the debrief.",
    ),
    (
        "Security training due",
        "Everyone who handles customer data needs the refresher by month-end.",
        "It takes twenty minutes; reply if the link does not work.",
    ),
    (
        "Design review notes",
        "Thanks for the lively discussion. Decisions: keep the side bar, drop the wizard.",
        "Open question: who owns the empty states?",
    ),
    (
        "Travel to Lisbon",
        "Flights are cheaper if we book before Friday.",
        "Window or aisle? And does anybody need a visa letter?",
    ),
    (
        "Pricing experiment",
        "Variant B converts 4.2 % better, with the usual caveats about sample size.",
        "Shall we run it for two more weeks?",
    ),
    (
        "Incident 4711 follow-up",
        "Root cause: an expired certificate nobody owned. Timeline is attached.",
        "Please review the action items with your name on them.",
    ),
    (
        "Quarterly goals",
        "Draft goals are up. I tried to keep it to three per team.",
        "Push back now rather than in January.",
    ),
    (
        "Audit request: access lists",
        "The auditors ask for evidence of the quarterly access review.",
        "Can you export the list for your system?",
    ),
    ("Lunch on Friday?", "The Vietnamese place reopened.", "12:30? I will book for eight."),
    (
        "Partner webinar",
        "Litware offers to co-host; they bring 400 registrations.",
        "Who could present the second half?",
    ),
    (
        "Purchase order 20391",
        "Woodgrove needs the PO number on the invoice, otherwise it bounces.",
        "Could you resend it with the number?",
    ),
    (
        "Roadmap slides",
        "I merged the feedback and cut ten slides.",
        "Have a look at slide 6 before I send it upstairs.",
    ),
    (
        "Data retention policy",
        "Draft 3 shortens the default to 24 months.",
        "Any system that cannot delete on schedule?",
    ),
    (
        "New starter on Monday",
        "Priya joins us on Monday; laptop and badge are ordered.",
        "Who can take her to lunch on the first day?",
    ),
    (
        "Website copy",
        "The translators flagged three idioms that do not travel.",
        "Better suggestions than \"low-hanging fruit\"?",
    ),
    (
        "Churn numbers October",
        "Churn is down to 1.9 %, mostly due to the onboarding change.",
        "Let us not celebrate before the November numbers.",
    ),
    (
        "Meeting room booking",
        "Room Aalto is double-booked for the board visit.",
        "Could your group move to Breuer?",
    ),
    (
        "Expense report returned",
        "Finance needs the hotel receipt in full, not only the card slip.",
        "Please attach it and resubmit.",
    ),
    (
        "Beta customers",
        "We have nine sign-ups, three of them in regulated industries.",
        "Who can call them this week?",
    ),
    ("Holiday cover", "I am away from the 18th. Cover plan is below.", "Speak up if something is missing."),
    (
        "API deprecation notice",
        "The old export endpoint goes away in March.",
        "Which of your jobs still call it?",
    ),
    (
        "Press enquiry",
        "A journalist asks about our energy use.",
        "Please do not answer yourselves, forward to me.",
    ),
    ("Warehouse inventory", "Counting is done; the delta is 0.4 %.", "Sign-off by tomorrow noon, please."),
    ("Performance of search", "p95 went from 800 ms to 240 ms after the index change.", "Worth a blog post?"),
    (
        "Works council consultation",
        "The agreement on monitoring tools needs an annex.",
        "Can legal join on Wednesday?",
    ),
    (
        "Invoice dispute Tailspin",
        "They claim the discount applies retroactively. It does not.",
        "I would offer a credit for Q1 and close it.",
    ),
    ("Disaster recovery drill", "Restore took 47 minutes, target is 60.", "Action items in the minutes."),
    (
        "Customer visit Proseware",
        "Six people, two of them vegetarian, one needs step-free access.",
        "Who gives the tour?",
    ),
    ("Licence true-up", "We are 14 seats over.", "Buy or clean up? I would clean up."),
    ("Team offsite", "Shortlist: lake, mountains, or stay in town and eat well.", "Vote until Friday."),
];

const REPLIES: [&str; 12] = [
    "Works for me.",
    "Thanks, I will take care of it today.",
    "Can we talk about this for five minutes first?",
    "I disagree with one point, see below.",
    "Adding Lidia, who knows the history.",
    "Done, see the attachment.",
    "Sounds good. I would also tell the support team.",
    "I am out on Thursday, otherwise yes.",
    "Numbers look right to me.",
    "Not sure this is ours. Who decided that?",
    "+1",
    "Perfect, thank you!",
];

const FILES: [Attached; 6] = [
    Attached {
        name: "Budget Q4.xlsx",
        content_type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        size: 48_213,
        ..Attached::FILE
    },
    Attached {
        name: "Contract_redlines_v7.docx",
        content_type: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        size: 93_002,
        ..Attached::FILE
    },
    Attached { name: "Timeline.pdf", content_type: "application/pdf", size: 211_900, ..Attached::FILE },
    Attached {
        name: "screenshot 2026-11-02 at 09.14.png",
        content_type: "image/png",
        size: 1_320_044,
        ..Attached::FILE
    },
    Attached {
        name: "Übersicht & Plan (final).pptx",
        content_type: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        size: 2_904_113,
        ..Attached::FILE
    },
    Attached { name: "export.csv", content_type: "text/csv", size: 9_120, ..Attached::FILE },
];

/// Everything of this kind.
pub(super) fn all(person: &Person, now_ms: i64, dice: &mut Dice) -> Vec<Placed> {
    let people = colleagues(person);
    let owner = Party::new(&person.display_name, &person.email);
    let mut placed = Vec::new();
    for (position, topic) in TOPICS.iter().enumerate() {
        let age = i64::try_from(position).unwrap_or_default() * 3 * DAY_MS + dice.ms(3 * DAY_MS);
        placed.extend(thread(&owner, &people, topic, now_ms - age, dice));
    }
    placed.extend(notices(&owner, now_ms, dice));
    placed.extend(invitations(&owner, &people, now_ms, dice));
    placed.extend(drafts_and_waste(&owner, &people, now_ms, dice));
    placed
}

/// A first message and what followed, never later than the start plus the time that has passed.
fn thread(
    owner: &Party,
    people: &[Colleague],
    topic: &(&str, &str, &str),
    last_ms: i64,
    dice: &mut Dice,
) -> Vec<Placed> {
    let (subject, opening, question) = *topic;
    let starter = dice.pick(people);
    let other = dice.pick(people).party();
    let steps = 2 + dice.below(5);
    let archived = dice.chance(25);
    let home = if subject.contains("Northwind") {
        "Northwind launch"
    } else if archived {
        "archive"
    } else {
        "inbox"
    };
    let mut placed = Vec::new();
    let mut quoted = String::new();
    for step in 0..steps {
        let at_ms = last_ms
            - i64::try_from(steps - 1 - step).unwrap_or_default() * (2 * 3_600_000 + dice.ms(5 * 3_600_000));
        let own = step > 0 && dice.chance(35);
        let from = if own {
            owner.clone()
        } else if step % 2 == 0 {
            starter.party()
        } else {
            other.clone()
        };
        let to = if own { starter.party() } else { owner.clone() };
        let said = if step == 0 { format!("{opening} {question}") } else { dice.pick(&REPLIES).to_owned() };
        let title = match step {
            0 => subject.to_owned(),
            _ if dice.chance(12) => format!("Fwd: {subject}"),
            _ => format!("Re: {subject}"),
        };
        let mut letter = Letter::new(from.clone(), vec![to], &title, html(&said, &from, &quoted), at_ms);
        if dice.chance(20) {
            letter.html = false;
            letter.body = format!("{said}\r\n\r\n{}\r\n", from.name);
        }
        subject.clone_into(&mut letter.conversation);
        letter.cc = if dice.chance(30) { vec![other.clone()] } else { Vec::new() };
        letter.is_read = own || dice.chance(70);
        letter.flagged = dice.chance(5);
        if dice.chance(15) {
            letter.attached =
                FILES.get(usize::try_from(dice.below(6)).unwrap_or_default()).copied().into_iter().collect();
        }
        if dice.chance(6) {
            "high".clone_into(&mut letter.importance);
        }
        quoted = format!("{said}{quoted}").chars().take(400).collect();
        placed.push(Placed { folder: if own { "sentitems" } else { home }, letter });
    }
    placed
}

fn html(said: &str, from: &Party, quoted: &str) -> String {
    let quote = if quoted.is_empty() {
        String::new()
    } else {
        format!(
            "<hr tabindex=\"-1\"><blockquote style=\"border-left:2px solid #ccc;padding-left:8px\"><div>{}</div></blockquote>",
            escape(quoted)
        )
    };
    format!(
        "<html><head>\r\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\"></head><body><div>{}</div><div><br></div><div>{}<br>{}</div>{quote}</body></html>",
        escape(said),
        escape(&from.name),
        escape(&from.address)
    )
}

fn notices(owner: &Party, now_ms: i64, dice: &mut Dice) -> Vec<Placed> {
    let senders = [
        (
            "Build Bot",
            "builds@ci.contoso.example",
            "[main] Build #{} passed",
            "All 412 checks passed in 6 min 12 s.",
        ),
        (
            "Expenses",
            "no-reply@expenses.example",
            "Your expense report {} was approved",
            "The amount will be paid with the next salary run.",
        ),
        (
            "Service Desk",
            "helpdesk@contoso.example",
            "Ticket INC00{} updated",
            "Status changed from Open to Waiting for user.",
        ),
        (
            "Parcel Service",
            "tracking@parcel.example",
            "Parcel {} is on its way",
            "Estimated delivery tomorrow between 9:00 and 12:00.",
        ),
        (
            "Calendar Rooms",
            "rooms@contoso.example",
            "Room booking {} confirmed",
            "Room Aalto, 8 seats, screen and camera.",
        ),
    ];
    let one = |number: i64| {
        let (name, address, subject, body) = *senders.get(usize::try_from(number % 5).unwrap_or_default())?;
        let at_ms = now_ms - number * 3 * DAY_MS - dice.ms(DAY_MS);
        let subject = subject.replace("{}", &(4300 + number).to_string());
        let mut letter =
            Letter::new(Party::new(name, address), vec![owner.clone()], &subject, body.to_owned(), at_ms);
        letter.html = false;
        letter.is_read = number > 3;
        letter.unfocused = true;
        Some(Placed { folder: "inbox", letter })
    };
    (0..40).filter_map(one).collect()
}

fn invitations(owner: &Party, people: &[Colleague], now_ms: i64, dice: &mut Dice) -> Vec<Placed> {
    let subjects = [
        "Project sync",
        "1:1",
        "Budget call",
        "Retrospective",
        "Vendor demo",
        "All hands",
        "Hiring debrief",
        "Roadmap Q1",
    ];
    let one = |(number, subject): (usize, &&str)| {
        let from = dice.pick(people).party();
        let at_ms = now_ms - i64::try_from(number).unwrap_or_default() * 9 * DAY_MS - dice.ms(DAY_MS);
        let body = "<div>Agenda to follow.</div><div>________________</div><div>Microsoft Teams meeting<br>Join on your computer or mobile app</div>";
        let mut letter = Letter::new(from, vec![owner.clone()], subject, body.to_owned(), at_ms);
        letter.invitation = true;
        letter.is_read = number > 0;
        Placed { folder: "inbox", letter }
    };
    subjects.iter().enumerate().map(one).collect()
}

fn drafts_and_waste(owner: &Party, people: &[Colleague], now_ms: i64, dice: &mut Dice) -> Vec<Placed> {
    let mut placed = Vec::new();
    for (number, (subject, body)) in [
        ("Re: Pricing experiment", "I think we should"),
        ("(no subject)", ""),
        ("Offsite costs", "Hotel 140, bus 35, food"),
    ]
    .iter()
    .enumerate()
    {
        let at_ms = now_ms - i64::try_from(number + 1).unwrap_or_default() * 5 * DAY_MS;
        let mut letter =
            Letter::new(owner.clone(), vec![dice.pick(people).party()], subject, (*body).to_owned(), at_ms);
        letter.is_draft = true;
        letter.html = false;
        placed.push(Placed { folder: "drafts", letter });
    }
    for number in 0..8_i64 {
        let at_ms = now_ms - number * 11 * DAY_MS - dice.ms(DAY_MS);
        let lottery = Party::new("International Lottery Board", "winner@lottery-claims.example");
        let subject = format!("You have WON!!! Claim {} now", 9000 + number);
        let body = "<p><b>Dear beneficiary</b>, kindly send your <i>full name, address and password</i>.</p>"
            .to_owned();
        placed.push(Placed {
            folder: "junkemail",
            letter: Letter::new(lottery, vec![owner.clone()], &subject, body, at_ms),
        });
        let old = Party::new("Cafeteria", "cafeteria@contoso.example");
        let menu = "Monday: lentil soup\r\nTuesday: pasta\r\nWednesday: curry".to_owned();
        let mut letter = Letter::new(
            old,
            vec![owner.clone()],
            &format!("Menu of week {}", 40 - number),
            menu,
            at_ms - 3_600_000,
        );
        letter.html = false;
        placed.push(Placed { folder: "deleteditems", letter });
    }
    placed
}
