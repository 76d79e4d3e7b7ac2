use async_trait::async_trait;
use futures_util::FutureExt as _;
use m365_mcp::whole;

use super::*;

/// A clock that a test moves.
#[derive(Default)]
struct Hand(Mutex<u64>);

impl Hand {
    fn set(&self, millis: u64) {
        *self.0.lock().unwrap() = millis;
    }
}

impl Clock for Hand {
    fn now(&self) -> UnixMillis {
        UnixMillis::from_millis(*self.0.lock().unwrap())
    }
}

/// Every wait is over at once, or none is ever.
struct Waits(bool);

#[async_trait]
impl Timer for Waits {
    async fn sleep(&self, _: Duration) {
        if !self.0 {
            std::future::pending::<()>().await;
        }
    }
}

const NOW: UnixMillis = UnixMillis::from_millis(0);
const EXPIRES: UnixMillis = UnixMillis::from_millis(60 * 60 * 1000);

fn owner(client: &str, grant: u8) -> StreamOwner {
    StreamOwner { client: ClientId::parse(client).ok(), grant: Some(GrantId::from_random([grant; 16])) }
}

struct Scene {
    streams: Arc<Streams>,
    clock: Arc<Hand>,
}

impl Scene {
    fn new() -> Self {
        Self { streams: Arc::default(), clock: Arc::default() }
    }

    /// A stream with this byte for randomness, and its id.
    fn open(&self, owner: &StreamOwner, random: u8, waits_are_over: bool) -> (Body, String) {
        let ports: (Arc<dyn Clock>, Arc<dyn Timer>) = (self.clock.clone(), Arc::new(Waits(waits_are_over)));
        let mut body = self.streams.open(owner.clone(), [random; 32], (NOW, EXPIRES), ports);
        let Next::Came(first) = next(&mut body) else { panic!("no first event") };
        let id = first.trim_end().rsplit('=').next().unwrap().to_owned();
        (body, id)
    }

    fn find(&self, id: &str, owner: &StreamOwner) -> Option<Arc<OpenStream>> {
        self.streams.find(id, owner, self.clock.now(), EXPIRES)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Next {
    Came(String),
    Nothing,
    End,
}

fn next(body: &mut Body) -> Next {
    match body.frame().now_or_never() {
        Some(Some(frame)) => {
            let data = frame.unwrap_or_else(|never| match never {}).into_data().unwrap();
            Next::Came(String::from_utf8(data.to_vec()).unwrap())
        }
        Some(None) => Next::End,
        None => Next::Nothing,
    }
}

#[test]
fn what_is_said_comes_in_order_and_the_end_comes_after_it() {
    let scene = Scene::new();
    let (mut body, id) = scene.open(&owner("a", 1), 1, false);
    let stream = scene.find(&id, &owner("a", 1)).unwrap();
    assert_eq!(next(&mut body), Next::Nothing);
    stream.say(b"{}");
    stream.say(b"[]");
    scene.streams.end(None);
    stream.say(b"too late");
    assert_eq!(next(&mut body), Next::Came("event: message\ndata: {}\n\n".into()));
    assert_eq!(next(&mut body), Next::Came("event: message\ndata: []\n\n".into()));
    assert_eq!(next(&mut body), Next::End);
    assert!(scene.streams.is_empty());
}

#[test]
fn the_oldest_stream_makes_room_whatever_its_id_is() {
    for ids in [[1, 2, 3, 4, 5, 6, 7, 8, 9], [9, 8, 7, 6, 5, 4, 3, 2, 1], [5, 1, 9, 2, 8, 3, 7, 4, 6]] {
        let scene = Scene::new();
        let mut opened: Vec<(Body, String)> =
            ids.iter().map(|random| scene.open(&owner("a", 1), *random, false)).collect();
        let alive: Vec<bool> = opened.iter_mut().map(|(body, _)| next(body) == Next::Nothing).collect();
        assert_eq!(alive, [false, true, true, true, true, true, true, true, true], "{ids:?}");
        assert!(scene.find(&opened[0].1, &owner("a", 1)).is_none());
    }
}

#[test]
fn a_stream_that_is_over_makes_room_before_one_that_is_not() {
    let scene = Scene::new();
    let (mut used, id) = scene.open(&owner("a", 1), 1, false);
    let mut idle: Vec<Body> = (2..9).map(|random| scene.open(&owner("a", 1), random, false).0).collect();
    scene.clock.set(1);
    assert!(scene.find(&id, &owner("a", 1)).is_some());
    let idle_at = u64::try_from(IDLE.as_millis()).unwrap();
    scene.clock.set(idle_at);
    let ports: (Arc<dyn Clock>, Arc<dyn Timer>) = (scene.clock.clone(), Arc::new(Waits(false)));
    let _ninth = scene.streams.open(owner("a", 1), [9; 32], (scene.clock.now(), EXPIRES), ports);
    assert!(idle.iter_mut().all(|body| next(body) == Next::End));
    assert_eq!(next(&mut used), Next::Nothing);
}

#[test]
fn whoever_reads_too_slowly_is_cut_off_and_whoever_reads_is_not() {
    let piece = vec![b'x'; MAX_UNREAD_BYTES / 4];
    let scene = Scene::new();
    let (mut slow, slow_id) = scene.open(&owner("a", 1), 1, false);
    let (mut quick, quick_id) = scene.open(&owner("a", 1), 2, false);
    let find = |id: &str| scene.find(id, &owner("a", 1));
    let (to_slow, to_quick) = (find(&slow_id).unwrap(), find(&quick_id).unwrap());
    for _ in 0..20 {
        to_slow.say(&piece);
        to_quick.say(&piece);
        assert!(matches!(next(&mut quick), Next::Came(_)));
    }
    // With the frame around each, three fit.
    for _ in 0..3 {
        assert!(matches!(next(&mut slow), Next::Came(_)));
    }
    assert_eq!((next(&mut slow), next(&mut quick)), (Next::End, Next::Nothing));
    assert!(find(&slow_id).is_none() && find(&quick_id).is_some());
}

#[test]
fn a_comment_comes_where_nothing_else_does_until_the_stream_is_idle_or_its_token_over() {
    for (used_at, over_at) in [(0, IDLE), (50 * 60 * 1000, Duration::from_hours(1))] {
        let scene = Scene::new();
        let (mut body, id) = scene.open(&owner("a", 1), 1, true);
        for minute in (0..=used_at).step_by(10 * 60 * 1000) {
            scene.clock.set(minute);
            assert!(scene.find(&id, &owner("a", 1)).is_some());
        }
        let over_at = u64::try_from(over_at.as_millis()).unwrap();
        scene.clock.set(over_at - 1);
        assert_eq!(next(&mut body), Next::Came(": still here\n\n".into()));
        scene.clock.set(over_at);
        assert_eq!(next(&mut body), Next::End);
    }
}

#[test]
fn a_stream_is_found_by_its_own_owner_and_whole_id_alone() {
    let scene = Scene::new();
    let (_body, id) = scene.open(&owner("a", 1), 1, false);
    assert!(scene.find(&id, &owner("a", 1)).is_some());
    let nobody = StreamOwner { client: None, grant: None };
    for other in [owner("a", 2), owner("b", 1), nobody] {
        assert!(scene.find(&id, &other).is_none(), "{other:?}");
    }
    for other in ["", &id[1..], &format!("{id}A"), &id.to_lowercase()] {
        assert!(scene.find(other, &owner("a", 1)).is_none(), "{other}");
    }
    assert!(scene.find(&id, &owner("a", 1)).is_some(), "asking in vain ends nothing");
}

#[test]
fn the_streams_of_one_client_or_grant_end_alone() {
    let scene = Scene::new();
    let mut opened = [("a", 1), ("a", 2), ("b", 3)]
        .map(|(client, grant)| scene.open(&owner(client, grant), grant, false).0);
    scene.streams.retain(|owner| owner.grant != Some(GrantId::from_random([2; 16])));
    assert_eq!(opened.each_mut().map(next), [Next::Nothing, Next::End, Next::Nothing]);
    scene.streams.end(ClientId::parse("a").ok().as_ref());
    assert_eq!(next(&mut opened[0]), Next::End);
    assert_eq!(next(&mut opened[2]), Next::Nothing);
}

#[test]
fn nothing_is_kept_of_a_stream_whose_reader_is_gone() {
    let scene = Scene::new();
    let (mut body, id) = scene.open(&owner("a", 1), 1, false);
    let stream = scene.find(&id, &owner("a", 1)).unwrap();
    drop(std::mem::replace(&mut body, whole(Bytes::new())));
    assert!(scene.streams.is_empty() && scene.find(&id, &owner("a", 1)).is_none());
    stream.say(b"{}");
}
