//! Asking the client before an answer is given: in the middle of a call in the revisions with `initialize`, in rounds of
//! requests since 2026-07-28.
//!
//! Source: MCP 2025-11-25, "Sampling", "Roots" and "Elicitation"; MCP 2026-07-28, "Multi Round-Trip Requests".
//!
//! Invariants: a round counts as answered only where every answer has the form of its kind; where a state is kept, answers
//! without it count for nothing.

use m365_mcp::{Client, ClientCapabilities, InputKind, InputRequest, Revision, Server};
use serde_json::{Map, Value};

/// One thing to ask for.
pub(crate) struct Question {
    pub(crate) name: &'static str,
    pub(crate) kind: InputKind,
    /// The parameters, made of the arguments of the call.
    pub(crate) params: fn(&Map<String, Value>) -> Value,
}

/// What is asked before an answer is given.
pub(crate) struct Inquiry {
    pub(crate) rounds: &'static [&'static [Question]],
    /// Whether a state goes to the client and must come back.
    pub(crate) keeps_state: bool,
    /// Whether what the client did not declare is left out.
    pub(crate) only_declared: bool,
}

/// What came of asking.
pub(crate) enum Heard {
    /// Everything that was asked, by name.
    Answers(Map<String, Value>),
    /// The client has to answer these first, and to bring back the state.
    Needed(Vec<InputRequest>, Option<Vec<u8>>),
    /// The client cannot be asked.
    Nothing,
}

impl Inquiry {
    /// Asks, or reads what was answered.
    pub(crate) async fn hear(
        &self,
        server: &dyn Server,
        client: &Client,
        arguments: &Map<String, Value>,
    ) -> Heard {
        if client.revision() >= Revision::V2026_07_28 {
            return self.next_round(client, arguments);
        }
        let mut answers = Map::new();
        for question in self.rounds.iter().flat_map(|round| self.asked(round, client)) {
            match client.ask(server, question.kind, (question.params)(arguments)).await {
                Ok(answer) => answers.insert(question.name.to_owned(), answer),
                Err(_) => return Heard::Nothing,
            };
        }
        Heard::Answers(answers)
    }

    /// The state is the number of the round that was asked.
    fn next_round(&self, client: &Client, arguments: &Map<String, Value>) -> Heard {
        let state = client.input().and_then(|input| input.state.as_deref());
        let asked = state.and_then(<[u8]>::first).map_or(0, |number| usize::from(*number));
        let answers = client.input().map(|input| &input.responses).filter(|answers| {
            let mut round = self.round(asked, client);
            (state.is_some() || !self.keeps_state) && round.all(|question| question.is_answered(answers))
        });
        let next = if answers.is_some() { asked.saturating_add(1) } else { asked };
        if let Some(answers) = answers
            && next >= self.rounds.len()
        {
            return Heard::Answers(answers.clone());
        }
        let requests: Vec<InputRequest> =
            self.round(next, client).map(|question| question.request(arguments)).collect();
        if requests.is_empty() {
            return Heard::Nothing;
        }
        let state = u8::try_from(next).ok().filter(|_| self.keeps_state);
        Heard::Needed(requests, state.map(|number| vec![number]))
    }

    fn round(&self, number: usize, client: &Client) -> impl Iterator<Item = &'static Question> {
        self.rounds.get(number).into_iter().flat_map(|round| self.asked(round, client))
    }

    fn asked(
        &self,
        round: &'static [Question],
        client: &Client,
    ) -> impl Iterator<Item = &'static Question> + use<> {
        let (only_declared, declared) = (self.only_declared, client.capabilities());
        round.iter().filter(move |question| !only_declared || is_declared(question.kind, declared))
    }
}

impl Question {
    fn request(&self, arguments: &Map<String, Value>) -> InputRequest {
        let params = match (self.params)(arguments) {
            Value::Object(params) => params,
            _ => Map::new(),
        };
        InputRequest { name: self.name, kind: self.kind, params }
    }

    fn is_answered(&self, answers: &Map<String, Value>) -> bool {
        let Some(answer) = answers.get(self.name) else { return false };
        match self.kind {
            InputKind::ElicitForm | InputKind::ElicitUrl => {
                answer.get("action").is_some_and(Value::is_string)
            }
            InputKind::Roots => answer.get("roots").is_some_and(Value::is_array),
            InputKind::Sampling => answer.get("content").is_some(),
        }
    }
}

fn is_declared(kind: InputKind, declared: ClientCapabilities) -> bool {
    match kind {
        InputKind::ElicitForm => declared.elicitation_form,
        InputKind::ElicitUrl => declared.elicitation_url,
        InputKind::Roots => declared.roots,
        InputKind::Sampling => declared.sampling,
    }
}
