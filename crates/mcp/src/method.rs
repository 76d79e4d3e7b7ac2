//! The methods, and which revisions and servers have them.
//!
//! Source: the method tables of each revision's `schema.ts`. `subscriptions/listen` is not offered: nothing here changes
//! while a client watches, so no list is declared to change.

use crate::refusal::ProtocolRefusal;
use crate::revision::Era;
use crate::server::Offers;

/// A method this crate answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Complete,
    Discover,
    Initialize,
    Ping,
    PromptsGet,
    PromptsList,
    ResourceTemplatesList,
    ResourcesList,
    ResourcesRead,
    ResourcesSubscribe,
    SetLogLevel,
    ToolsCall,
    ToolsList,
}

impl Method {
    /// The method of that name, where the era has it and the server offers it.
    pub(crate) fn find(era: Era, name: &str, offers: Offers) -> Result<Self, ProtocolRefusal> {
        let offered = |method, is_offered: bool| is_offered.then_some(method);
        let found = match (name, era) {
            ("completion/complete", _) => offered(Self::Complete, offers.completions),
            ("initialize", Era::Legacy) => Some(Self::Initialize),
            ("logging/setLevel", Era::Legacy) => offered(Self::SetLogLevel, offers.logging),
            ("ping", Era::Legacy) => Some(Self::Ping),
            ("prompts/get", _) => offered(Self::PromptsGet, offers.prompts),
            ("prompts/list", _) => offered(Self::PromptsList, offers.prompts),
            ("resources/list", _) => Some(Self::ResourcesList),
            ("resources/read", _) => Some(Self::ResourcesRead),
            ("resources/subscribe" | "resources/unsubscribe", Era::Legacy) => {
                offered(Self::ResourcesSubscribe, offers.subscriptions)
            }
            ("resources/templates/list", _) => Some(Self::ResourceTemplatesList),
            ("server/discover", Era::Modern) => Some(Self::Discover),
            ("tools/call", _) => Some(Self::ToolsCall),
            ("tools/list", _) => Some(Self::ToolsList),
            _ => None,
        };
        found.ok_or(match era {
            Era::Legacy => ProtocolRefusal::UnknownMethodLegacy,
            Era::Modern => ProtocolRefusal::UnknownMethod,
        })
    }

    /// Whether it only tells what there is, which is the same for everybody.
    pub(crate) const fn only_discovers(self) -> bool {
        match self {
            Self::Discover
            | Self::Initialize
            | Self::PromptsList
            | Self::ResourceTemplatesList
            | Self::ResourcesList
            | Self::ToolsList => true,
            Self::Complete
            | Self::Ping
            | Self::PromptsGet
            | Self::ResourcesRead
            | Self::ResourcesSubscribe
            | Self::SetLogLevel
            | Self::ToolsCall => false,
        }
    }
}
