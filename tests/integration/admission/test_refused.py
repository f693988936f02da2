"""Models that the API server refuses before anything is stored, with a message that names the field."""

from typing import Any

import pytest

from tests.integration.admission.documents import HEX64, MISSING, Bad, Edits, approval, model, one, try_to_create
from tests.support.api_server import ApiServer

URL: Edits = {"spec.data": {"url": {"href": "https://data.example.com/reviews.csv", "sha256": HEX64}}}
VOLUME: Edits = {"spec.data": {"volume": {"claimName": "reviews", "path": "reviews.csv"}}}


def among(source: Edits, field: str, value: Any, says: str = "") -> Bad:
    """A document with another data source that is bad in one field."""
    return Bad({**source, field: value}, field, says)


REQUIRED = "Required value"
TOO_LONG = "Too long"
NO_SSH = "use https with credentialsSecretRef"

EXACTLY_ONE = "set exactly one of threshold, compareWith"
TOGETHER = "set column and value together, or neither"
GATE: Edits = {"name": "good-enough", "metric": "accuracy", "threshold": "0.8"}
COMPARED: Edits = {"name": "no-step-back", "metric": "f1", "compareWith": "Serving"}


def gate(entry: Edits, field: str, says: str) -> Bad:
    """A model whose second gate is bad."""
    return Bad({"spec.gates": [{**GATE, "name": "fine"}, entry]}, f"spec.gates[1]{field}: ", says)


def slice_of(entry: Edits, field: str, says: str) -> Bad:
    """A gate on a bad slice."""
    return gate({**GATE, "slice": entry}, f".slice{field}", says)


CANARY: Edits = {"strategy": "Canary", "steps": [{"weightPercent": 20}]}
BLUE_GREEN: Edits = {"strategy": "BlueGreen"}
SHADOW: Edits = {"strategy": "Shadow", "steps": [{"weightPercent": 100}]}
BEHIND_GATEWAY: Edits = {**CANARY, "router": "GatewayAPI", "gateway": {"name": "public"}}
NO_STEP = (
    "strategies Canary and Shadow need at least one step, for example steps: [{weightPercent: 20, pauseSeconds: 60}]"
)
NO_WEIGHT = "every step of strategies Canary and Shadow needs weightPercent"
ONE_STEP = "strategy BlueGreen has one step at most, without weightPercent"
NO_CANDIDATE = "steps and analysis need strategy Canary, BlueGreen or Shadow"
AT_MOST_HALF = "with router Replicas weightPercent is at most 50"
BOTH_OR_NONE = "router GatewayAPI needs gateway, and gateway needs router GatewayAPI"
ONLY_CANARY = "router GatewayAPI divides the requests of strategy Canary"


def rollout(way: Edits, field: str, says: str, **changes: Any) -> Bad:
    """A model whose rollout is bad."""
    return Bad({"spec.rollout": {**way, **changes}}, f"spec.rollout{field}: ", says)


def step(entry: Edits, field: str, says: str) -> Bad:
    """A canary whose second step is bad."""
    return rollout(CANARY, f".steps[1].{field}", says, steps=[{"weightPercent": 20}, {"weightPercent": 30, **entry}])


def limit(field: str, value: Any, says: str) -> Bad:
    """A canary with a bad limit."""
    return rollout(CANARY, f".analysis.{field}", says, analysis={field: value})


BAD_MODELS: dict[str, Bad] = {
    # Names
    "a name of 41 characters": one("metadata.name", "a" * 41, "at most 40 characters"),
    "a name that begins with a digit": one("metadata.name", "1model", "begin with a letter"),
    "a name with a dot": one("metadata.name", "my.model", "hold only a-z, 0-9 and '-'"),
    "a name that belongs to a candidate": one("metadata.name", "imdb-candidate", "must not end in '-candidate'"),
    "a name in capitals": one("metadata.name", "IMDB"),
    # The whole
    "no spec": one("spec", MISSING, REQUIRED),
    "spec as text": one("spec", "1", "must be of type object"),
    "an unknown field in spec": Bad({"spec.modelVersion": "1"}, 'unknown field "spec.modelVersion"'),
    "an unknown field beside spec": Bad({"phase": "Ready"}, 'unknown field "phase"'),
    # Version and suspend
    "a version as number": one("spec.version", 1, "must be of type string"),
    "an empty version": one("spec.version", "", "should be at least 1 chars long"),
    "a version of 41 characters": one("spec.version", "a" * 41, TOO_LONG),
    "a version in capitals": one("spec.version", "V1", "should match"),
    "a version with an underscore": one("spec.version", "v_1", "should match"),
    "a version that ends in a dot": one("spec.version", "v1.", "should match"),
    "a version with a line break at its end": one("spec.version", "v1\n", "should match"),
    "suspend as text": one("spec.suspend", "yes", "must be of type boolean"),
    # Notifications
    "a sink named twice": Bad(
        {"spec.notifications": [{"sink": "chat"}, {"sink": "chat"}]}, "spec.notifications[1]", "Duplicate value"
    ),
    "an unknown transition": Bad(
        {"spec.notifications": [{"sink": "chat", "transitions": ["VersionReady", "Ready"]}]},
        "spec.notifications[0].transitions[1]",
        "Unsupported value",
    ),
    "a transition named twice": Bad(
        {"spec.notifications": [{"sink": "chat", "transitions": ["Stalled", "Stalled"]}]},
        "spec.notifications[0].transitions[1]",
        "Duplicate value",
    ),
    "a sink with an address": Bad(
        {"spec.notifications": [{"sink": "chat", "url": "https://evil.example.org"}]},
        'unknown field "spec.notifications[0].url"',
    ),
    "a sink in capitals": Bad({"spec.notifications": [{"sink": "Chat"}]}, "spec.notifications[0].sink", "should match"),
    # Data
    "no data": Bad({"spec.data": MISSING}, "spec: ", "set exactly one of data, promotion.from"),
    "data and a model to follow": Bad(
        {"spec.promotion.from": {"modelRef": {"name": "other"}}}, "spec: ", "set exactly one of data, promotion.from"
    ),
    "itself to follow": Bad(
        {"spec.data": MISSING, "spec.promotion.from": {"modelRef": {"name": "imdb"}}},
        "spec.promotion.from.modelRef.name",
        "a model cannot follow itself",
    ),
    "a negative soak": Bad(
        {"spec.data": MISSING, "spec.promotion.from": {"modelRef": {"name": "other"}, "soakSeconds": -1}},
        "spec.promotion.from.soakSeconds",
    ),
    "every namespace": one("spec.promotion.allowedNamespaces", ["*"]),
    "data as list": one("spec.data", [], "must be of type object"),
    "no data source": Bad({"spec.data": {}}, "spec.data", "set exactly one of dvc, url, volume"),
    "two data sources": Bad(
        {"spec.data.url": URL["spec.data"]["url"]}, "spec.data", "set exactly one of dvc, url, volume"
    ),
    "an unknown data source": Bad({"spec.data.s3": {}}, 'unknown field "spec.data.s3"'),
    "an empty text column": one("spec.data.textColumn", "", "should be at least 1 chars long"),
    "a text column of 129 characters": one("spec.data.textColumn", "x" * 129, TOO_LONG),
    "a label column with a line break": one("spec.data.labelColumn", "a\nb", "should match"),
    "a label column as number": one("spec.data.labelColumn", 2, "must be of type string"),
    "one row": one("spec.data.rows", 1, "greater than or equal to 2"),
    "too many rows": one("spec.data.rows", 100_000_001, "less than or equal to 100000000"),
    "rows as text": one("spec.data.rows", "10000", "must be of type integer"),
    "rows with a fraction": one("spec.data.rows", 10.5, "must be of type integer"),
    "nothing held out": one("spec.data.testPercent", 0, "greater than or equal to 1"),
    "nearly everything held out": one("spec.data.testPercent", 91, "less than or equal to 90"),
    # DVC
    "a DVC source without repository": one("spec.data.dvc.repoURL", MISSING, REQUIRED),
    "a DVC source without revision": one("spec.data.dvc.revision", MISSING, REQUIRED),
    "a DVC source without path": one("spec.data.dvc.path", MISSING, REQUIRED),
    "an empty repository": one("spec.data.dvc.repoURL", "", "should be at least 8 chars long"),
    "a repository over ssh": one("spec.data.dvc.repoURL", "ssh://git@example.com/reviews.git", NO_SSH),
    "a repository over ssh in the short form": one("spec.data.dvc.repoURL", "git@example.com:film/reviews.git", NO_SSH),
    "a repository over ftp": one("spec.data.dvc.repoURL", "ftp://example.com/reviews", "should match"),
    "a repository outside the mounted volume": one("spec.data.dvc.repoURL", "file:///etc/reviews.git", "should match"),
    "a repository with a blank": one("spec.data.dvc.repoURL", "https://example.com/a b", "should match"),
    "a repository with a non-breaking space": one(
        "spec.data.dvc.repoURL", "https://example.com/a\u00a0b", "should match"
    ),
    "a repository address of 1025 characters": one("spec.data.dvc.repoURL", "https://" + "a" * 1017, TOO_LONG),
    "a repository on a volume without a claim": Bad(
        {"spec.data.dvc.repoURL": "file:///data/reviews.git"},
        "spec.data.dvc.volumeClaimName",
        "repoURL file:///data/... needs volumeClaimName",
    ),
    "a repository with a password": one(
        "spec.data.dvc.repoURL",
        "https://me:secret@git.example.com/reviews.git",
        "Name a Secret in credentialsSecretRef",
    ),
    "a revision as number": one("spec.data.dvc.revision", 12345678, "must be of type string"),
    "a revision that git would read as an option": one("spec.data.dvc.revision", "--upload-pack=x", "should match"),
    "an empty revision": one("spec.data.dvc.revision", "", "should be at least 1 chars long"),
    "an absolute path": one("spec.data.dvc.path", "/etc/passwd", "should match"),
    "a path upwards": one("spec.data.dvc.path", "data/../../secret", "should match"),
    "an empty path": one("spec.data.dvc.path", "", "should be at least 1 chars long"),
    "an empty DVC remote": one("spec.data.dvc.remote", "", "should be at least 1 chars long"),
    "a DVC remote with a slash": one("spec.data.dvc.remote", "s3://bucket", "should match"),
    "a claim in capitals": one("spec.data.dvc.volumeClaimName", "Reviews", "should match"),
    "credentials as text": one("spec.data.dvc.credentialsSecretRef", "token", "must be of type object"),
    "credentials without a name": one("spec.data.dvc.credentialsSecretRef.name", MISSING, REQUIRED),
    "an empty name of credentials": one(
        "spec.data.dvc.credentialsSecretRef.name", "", "should be at least 1 chars long"
    ),
    "credentials in another namespace": Bad(
        {"spec.data.dvc.credentialsSecretRef": {"name": "token", "namespace": "other"}},
        'unknown field "spec.data.dvc.credentialsSecretRef.namespace"',
    ),
    # URL
    "a download without checksum": among(URL, "spec.data.url.sha256", MISSING, REQUIRED),
    "a download without address": among(URL, "spec.data.url.href", MISSING, REQUIRED),
    "a download from a local file": among(URL, "spec.data.url.href", "file:///etc/passwd", "should match"),
    "a download with a password": among(
        URL, "spec.data.url.href", "http://me:secret@data.example.com/reviews.csv", "must not hold a user or password"
    ),
    "a checksum in capitals": among(URL, "spec.data.url.sha256", "A" * 64, "should match"),
    "a checksum of 63 digits": among(URL, "spec.data.url.sha256", "a" * 63, "should be at least 64 chars long"),
    "a checksum of 65 digits": among(URL, "spec.data.url.sha256", "a" * 65, TOO_LONG),
    # Volume
    "a volume without claim": among(VOLUME, "spec.data.volume.claimName", MISSING, REQUIRED),
    "a volume without path": among(VOLUME, "spec.data.volume.path", MISSING, REQUIRED),
    "a claim of 254 characters": among(VOLUME, "spec.data.volume.claimName", "a" * 254, TOO_LONG),
    "a volume path of 513 characters": among(VOLUME, "spec.data.volume.path", "a" * 513, TOO_LONG),
    "a wrong checksum on a volume": among(VOLUME, "spec.data.volume.sha256", "z" * 64, "should match"),
    # Checks
    "a check of one row": one("spec.data.checks.minRows", 1, "greater than or equal to 2"),
    "a negative share of empty rows": one("spec.data.checks.maxEmptyPercent", -1, "greater than or equal to 0"),
    "a share above a hundred": one("spec.data.checks.maxDuplicatePercent", 101, "less than or equal to 100"),
    "a rarer class above one half": one("spec.data.checks.minClassSharePercent", 51, "less than or equal to 50"),
    "a share as text": one("spec.data.checks.maxEmptyPercent", "1%", "must be of type integer"),
    # Training
    "an unknown preset": one("spec.training.preset", "fast", "Unsupported value"),
    "an empty preset": one("spec.training.preset", "", "Unsupported value"),
    "an unknown classifier": one("spec.training.parameters.classifier", "SVM", "Unsupported value"),
    "n-grams of none": one("spec.training.parameters.ngramMax", 0, "greater than or equal to 1"),
    "n-grams of four": one("spec.training.parameters.ngramMax", 4, "less than or equal to 3"),
    "a decimal with a comma": one("spec.training.parameters.regularizationC", "0,5", "should match"),
    "a decimal as number": one("spec.training.parameters.regularizationC", 0.5, "must be of type string"),
    "a decimal with an exponent": one("spec.training.parameters.regularizationC", "1e3", "should match"),
    "a negative decimal": one("spec.training.parameters.regularizationC", "-1", "should match"),
    "a decimal of nothing": one("spec.training.parameters.regularizationC", "0.0", "must be greater than 0"),
    "an empty decimal": one("spec.training.parameters.regularizationC", "", "should be at least 1 chars long"),
    "sublinearTF as text": one("spec.training.parameters.sublinearTF", "true", "must be of type boolean"),
    "a negative seed": one("spec.training.parameters.seed", -1, "greater than or equal to 0"),
    "a seed beyond 31 bits": one("spec.training.parameters.seed", 2_147_483_648, "less than or equal to 2147483647"),
    "a parameter in snake case": Bad(
        {"spec.training.parameters.ngram_max": 2}, 'unknown field "spec.training.parameters.ngram_max"'
    ),
    "trees of a linear model": one("spec.training.parameters.trees", 100, "used by classifier RandomForest alone"),
    "a depth of a linear model": Bad(
        {"spec.training.parameters": {"classifier": "LogisticRegression", "maxDepth": 5}},
        "spec.training.parameters.maxDepth",
        "used by classifier RandomForest alone",
    ),
    "smoothing of a forest": Bad(
        {"spec.training.parameters": {"classifier": "RandomForest", "naiveBayesSmoothing": "1"}},
        "spec.training.parameters.naiveBayesSmoothing",
        "used by classifier LogisticRegression alone",
    ),
    "words of three characters": one("spec.training.parameters.minWordLength", 3, "less than or equal to 2"),
    "regularisation of a forest": Bad(
        {"spec.training.parameters": {"classifier": "RandomForest", "regularizationC": "3"}},
        "spec.training.parameters.regularizationC",
        "used by classifier LogisticRegression alone",
    ),
    "a search of nothing": Bad(
        {"spec.training.search": {"parameters": {}}}, "spec.training.search.parameters", "list values of at least one"
    ),
    "a search of empty lists": Bad(
        {"spec.training.search": {"parameters": {"ngramMax": []}}}, "spec.training.search.parameters", "list values"
    ),
    "a search without parameters": Bad({"spec.training.search": {}}, "spec.training.search.parameters", REQUIRED),
    "a grid larger than its trials": Bad(
        {"spec.training.search": {"parameters": {"ngramMax": [1, 2], "regularizationC": ["1", "3"]}, "maxTrials": 3}},
        "spec.training.search.maxTrials",
        "these are more than maxTrials",
    ),
    "a grid larger than the usual number of trials": Bad(
        {"spec.training.search": {"parameters": {"regularizationC": [str(number) for number in range(1, 34)]}}},
        "spec.training.search.maxTrials",
        "choose strategy Random",
    ),
    "a value that is tried twice": Bad(
        {"spec.training.search": {"parameters": {"ngramMax": [1, 1]}}}, "ngramMax[1]", "Duplicate value"
    ),
    "n-grams of four among those that are tried": Bad(
        {"spec.training.search": {"parameters": {"ngramMax": [1, 4]}}}, "ngramMax[1]", "less than or equal to 3"
    ),
    "a strength of nothing among those that are tried": Bad(
        {"spec.training.search": {"parameters": {"regularizationC": ["1", "0.0"]}}},
        "spec.training.search.parameters.regularizationC",
        "must be greater than 0",
    ),
    "a search of the classifier": Bad(
        {"spec.training.search": {"parameters": {"ngramMax": [1], "classifier": ["RandomForest"]}}},
        'unknown field "spec.training.search.parameters.classifier"',
    ),
    "a search of the seed": Bad(
        {"spec.training.search": {"parameters": {"ngramMax": [1], "seed": [1, 2]}}},
        'unknown field "spec.training.search.parameters.seed"',
    ),
    "a search of the trees of a linear model": Bad(
        {"spec.training.search": {"parameters": {"trees": [10, 20]}}},
        "spec.training.search.parameters.trees",
        "used by classifier RandomForest alone",
    ),
    "a search of the strength of a forest": Bad(
        {
            "spec.training.parameters": {"classifier": "RandomForest"},
            "spec.training.search": {"parameters": {"regularizationC": ["1"]}},
        },
        "spec.training.search.parameters.regularizationC",
        "used by classifier LogisticRegression alone",
    ),
    "a search by another strategy": Bad(
        {"spec.training.search": {"parameters": {"ngramMax": [1]}, "strategy": "Bayes"}}, "Unsupported value"
    ),
    "a queue with a slash": Bad(
        {"spec.training.search": {"parameters": {"ngramMax": [1]}, "queueName": "a/b"}},
        "spec.training.search.queueName",
        "should match",
    ),
    "iterations of a forest": Bad(
        {"spec.training.parameters": {"classifier": "RandomForest", "maxIterations": 3}},
        "spec.training.parameters.maxIterations",
        "used by classifier LogisticRegression alone",
    ),
    "a deadline of a second": one("spec.training.activeDeadlineSeconds", 1, "greater than or equal to 30"),
    "a deadline of more than a week": one(
        "spec.training.activeDeadlineSeconds", 604_801, "less than or equal to 604800"
    ),
    "a deadline with a unit": one("spec.training.activeDeadlineSeconds", "30m", "must be of type integer"),
    "a negative number of retries": one("spec.training.backoffLimit", -1, "greater than or equal to 0"),
    "eleven retries": one("spec.training.backoffLimit", 11, "less than or equal to 10"),
    # Resources
    "processor in words": one("spec.training.resources.requests.cpu", "two", "should match"),
    "processor as a number with a fraction": one("spec.training.resources.requests.cpu", 0.5, "integer,string"),
    "a negative number of processors": one("spec.training.resources.requests.cpu", -1, "greater than or equal to 1"),
    "a truth for memory": one("spec.serving.resources.limits.memory", True, "integer,string"),
    "thousandths of a byte": one("spec.serving.resources.limits.memory", "512m", "should match"),
    "more memory than there is": one("spec.serving.resources.limits.memory", "1.1Pi", "at most 1Pi"),
    "more memory than a number can say": one("spec.serving.resources.limits.memory", "9e99", "at most 1Pi"),
    "memory in an unknown unit": one("spec.serving.resources.limits.memory", "512MB", "should match"),
    "no memory at all": one("spec.serving.resources.limits.memory", "0Mi", "memory must be greater than 0"),
    "a resource that is not offered": Bad(
        {"spec.training.resources.limits": {"nvidia.com/gpu": "1"}}, "spec.training.resources.limits"
    ),
    # Registry
    "a registry with a password": one(
        "spec.registry.trackingURL", "https://ada:s3cret@mlflow.example.com", "must not hold a user or password"
    ),
    "a registry without scheme": one("spec.registry.trackingURL", "mlflow.example.com", "should match"),
    "an empty registry": one("spec.registry.trackingURL", "", "should be at least 10 chars long"),
    "a registered model with a slash": one("spec.registry.modelName", "film/reviews", "should match"),
    "a registered model of 129 characters": one("spec.registry.modelName", "m" * 129, TOO_LONG),
    # Gates
    "a gate without a name": gate({"metric": "accuracy", "threshold": "0.8"}, ".name", REQUIRED),
    "a gate without a metric": gate({"name": "g", "threshold": "0.8"}, ".metric", REQUIRED),
    "two gates of one name": Bad({"spec.gates": [GATE, GATE]}, "spec.gates[1]", "Duplicate value"),
    "eleven gates": one("spec.gates", [{**GATE, "name": f"g{number}"} for number in range(11)], "Too many"),
    "a gate that is passed by nothing": gate({"name": "g", "metric": "f1"}, "", EXACTLY_ONE),
    "a gate with two measures": gate({**GATE, "compareWith": "Serving"}, "", EXACTLY_ONE),
    "a comparison that is at most": gate(
        {**COMPARED, "operator": "LessOrEqual"}, ".operator", "operator needs threshold"
    ),
    "a threshold with a margin": gate({**GATE, "maxDecrease": "0.1"}, ".maxDecrease", "maxDecrease needs compareWith"),
    "a comparison in a metric of the training's own": gate(
        {**COMPARED, "metric": "loss"}, ".metric", "one of accuracy, precision, recall, f1, rocAUC"
    ),
    "a slice in a metric of the training's own": gate(
        {**GATE, "metric": "loss", "slice": {"maxWords": 9}}, ".metric", "metric must be one of accuracy"
    ),
    "a threshold as number": gate({**GATE, "threshold": 0.8}, ".threshold", "must be of type string"),
    "a threshold below nothing": gate({**GATE, "threshold": "-0.1"}, ".threshold", "should match"),
    "a negative margin": gate({**COMPARED, "maxDecrease": "-1"}, ".maxDecrease", "should match"),
    "a comparison with a version": gate({**COMPARED, "compareWith": "1"}, ".compareWith", "should match"),
    "a comparison with no stage": gate({**COMPARED, "compareWith": "Stage:"}, ".compareWith", "should match"),
    "a comparison with a stage in capitals": gate(
        {**COMPARED, "compareWith": "Stage:Production"}, ".compareWith", "should match"
    ),
    "a gate in capitals": gate({**GATE, "name": "Good"}, ".name", "should match"),
    "a failure that is passed over": gate({**GATE, "onFailure": "Ignore"}, ".onFailure", "Unsupported value"),
    "a slice of all reviews": slice_of({}, "", "set at least one of minWords, maxWords, column"),
    "a slice by a column without value": slice_of({"column": "domain"}, "", TOGETHER),
    "a slice by a value of no column": slice_of({"maxWords": 9, "value": "books"}, "", TOGETHER),
    "a slice that ends before it begins": slice_of(
        {"minWords": 3, "maxWords": 2}, ".minWords", "minWords must be at most maxWords"
    ),
    "a slice of no words": slice_of({"minWords": 0}, ".minWords", "greater than or equal to 1"),
    # Promotion
    "an unknown policy": one("spec.promotion.approval.policy", "Automatic", "Unsupported value"),
    "approval by nobody": one("spec.promotion.approval.minApprovals", 0, "greater than or equal to 1"),
    "approval by eleven": one("spec.promotion.approval.minApprovals", 11, "less than or equal to 10"),
    "an approval of several that nobody is asked for": Bad(
        {"spec.promotion": {"approval": {"minApprovals": 2}}},
        "spec.promotion.approval.policy",
        "minApprovals above 1 needs policy Manual",
    ),
    "a separation of duties where nobody is asked": Bad(
        {"spec.promotion": {"approval": {"separationOfDuties": "Required"}, "requestedBy": "dana"}},
        "spec.promotion.approval.policy",
        "separationOfDuties Required needs policy Manual",
    ),
    "a separation of duties from nobody": Bad(
        {"spec.promotion": {"approval": {"policy": "Manual", "separationOfDuties": "Required"}}},
        "spec.promotion.requestedBy",
        "separationOfDuties Required needs requestedBy",
    ),
    "nobody asks": one("spec.promotion.requestedBy", "", "should be at least 1 chars long"),
    "a person of two lines": one("spec.promotion.requestedBy", "dana\nada", "should match"),
    "an approval written by hand": Bad(
        {"spec.promotion.approvedBy": "ada"}, 'unknown field "spec.promotion.approvedBy"'
    ),
    # Serving
    "fewer than one pod": one("spec.serving.replicas", 0, "greater than or equal to 1"),
    "more than a thousand pods": one("spec.serving.replicas", 1001, "less than or equal to 1000"),
    "replicas beside autoscaling": Bad(
        {"spec.serving": {"replicas": 2, "autoscaling": {}}},
        "spec.serving.replicas",
        "replicas and autoscaling exclude each other",
    ),
    "fewest pods above most pods": Bad(
        {"spec.serving.autoscaling": {"minReplicas": 3, "maxReplicas": 2}},
        "spec.serving.autoscaling.minReplicas",
        "minReplicas must be at most maxReplicas",
    ),
    "fewest pods above the most pods that are assumed": Bad(
        {"spec.serving.autoscaling": {"minReplicas": 6}},
        "spec.serving.autoscaling.minReplicas",
        "at most maxReplicas (5 where it is absent)",
    ),
    "scaling to none": one("spec.serving.autoscaling.minReplicas", 0, "greater than or equal to 1"),
    "a target of no CPU": one("spec.serving.autoscaling.targetCPUUtilizationPercent", 0, "greater than or equal to 1"),
    "a target above a hundred": one(
        "spec.serving.autoscaling.targetCPUUtilizationPercent", 101, "less than or equal to 100"
    ),
    "a load balancer": one("spec.serving.serviceType", "LoadBalancer", "Unsupported value"),
    "a node port without NodePort": one("spec.serving.nodePort", 30080, "nodePort needs serviceType NodePort"),
    "a node port of zero": one("spec.serving.nodePort", 0, "greater than or equal to 1"),
    "an image of one's own": Bad({"spec.serving.image": "evil"}, 'unknown field "spec.serving.image"'),
    # Rollout
    "an unknown strategy": rollout({"strategy": "Recreate"}, ".strategy", "Unsupported value"),
    "a strategy in lower case": rollout({**CANARY, "strategy": "canary"}, ".strategy", "Unsupported value"),
    "an unknown router": rollout(CANARY, ".router", "Unsupported value", router="Istio"),
    "a canary without steps": rollout({"strategy": "Canary"}, ".steps", NO_STEP),
    "a canary with no step": rollout(CANARY, ".steps", NO_STEP, steps=[]),
    "a shadow without steps": rollout({"strategy": "Shadow"}, ".steps", NO_STEP),
    "a canary without a weight": rollout(CANARY, ".steps", NO_WEIGHT, steps=[{"pauseSeconds": 60}]),
    "a shadow without a weight": rollout(SHADOW, ".steps", NO_WEIGHT, steps=[{}]),
    "blue-green with a weight": rollout(BLUE_GREEN, ".steps", ONE_STEP, steps=[{"weightPercent": 50}]),
    "blue-green in two steps": rollout(BLUE_GREEN, ".steps", ONE_STEP, steps=[{}, {}]),
    "steps without a strategy": rollout({}, ".strategy", NO_CANDIDATE, steps=[{"weightPercent": 20}]),
    "steps of a rolling update": rollout(
        {"strategy": "RollingUpdate"}, ".strategy", NO_CANDIDATE, steps=[{"weightPercent": 20}]
    ),
    "an error limit of a rolling update": rollout({}, ".strategy", NO_CANDIDATE, analysis={"maxErrorPercent": 1}),
    "a time limit of a rolling update": rollout({}, ".strategy", NO_CANDIDATE, analysis={"maxP95Milliseconds": 1}),
    "a limit of disagreement of a rolling update": rollout(
        {}, ".strategy", NO_CANDIDATE, analysis={"maxDisagreementPercent": 1}
    ),
    "more candidate pods than serve": rollout(CANARY, ".steps", AT_MOST_HALF, steps=[{"weightPercent": 51}]),
    "a router without its gateway": rollout(CANARY, ".gateway", BOTH_OR_NONE, router="GatewayAPI"),
    "a gateway without its router": rollout(CANARY, ".gateway", BOTH_OR_NONE, gateway={"name": "public"}),
    "blue-green behind a gateway": rollout({**BEHIND_GATEWAY, **BLUE_GREEN, "steps": []}, ".router", ONLY_CANARY),
    "a shadow behind a gateway": rollout({**BEHIND_GATEWAY, **SHADOW}, ".router", ONLY_CANARY),
    "a gateway without a name": rollout(BEHIND_GATEWAY, ".gateway.name", REQUIRED, gateway={}),
    "a gateway in capitals": rollout(BEHIND_GATEWAY, ".gateway.name", "should match", gateway={"name": "Public"}),
    "a namespace of a gateway with a dot": rollout(
        BEHIND_GATEWAY, ".gateway.namespace", "should match", gateway={"name": "public", "namespace": "a.b"}
    ),
    "a host name with a port": rollout(
        BEHIND_GATEWAY, ".gateway.hostname", "should match", gateway={"name": "public", "hostname": "a.example.com:80"}
    ),
    "a weight of nothing": step({"weightPercent": 0}, "weightPercent", "greater than or equal to 1"),
    "a weight beyond all": step({"weightPercent": 101}, "weightPercent", "less than or equal to 100"),
    "a weight as text": step({"weightPercent": "20%"}, "weightPercent", "must be of type integer"),
    "a negative pause": step({"pauseSeconds": -1}, "pauseSeconds", "greater than or equal to 0"),
    "a pause of more than a week": step({"pauseSeconds": 604_801}, "pauseSeconds", "less than or equal to 604800"),
    "a negative number of requests": step({"minRequests": -1}, "minRequests", "greater than or equal to 0"),
    "too many requests": step({"minRequests": 100_000_001}, "minRequests", "less than or equal to 100000000"),
    "eleven steps": rollout(CANARY, ".steps", "must have at most 10 items", steps=[{"weightPercent": 5}] * 11),
    "an unknown field of a step": Bad(
        {"spec.rollout": {**CANARY, "steps": [{"weight": 20}]}}, 'unknown field "spec.rollout.steps[0].weight"'
    ),
    "a negative share of errors": limit("maxErrorPercent", -1, "greater than or equal to 0"),
    "a share of errors beyond all": limit("maxErrorPercent", 101, "less than or equal to 100"),
    "no time to answer": limit("maxP95Milliseconds", 0, "greater than or equal to 1"),
    "too much time to answer": limit("maxP95Milliseconds", 10_000, "less than or equal to 9999"),
    "a negative disagreement": limit("maxDisagreementPercent", -1, "greater than or equal to 0"),
    "a disagreement beyond all": limit("maxDisagreementPercent", 101, "less than or equal to 100"),
    "no samples": limit("minSamples", 0, "greater than or equal to 1"),
    "too many samples": limit("minSamples", 100_000_001, "less than or equal to 100000000"),
    "another end of a failed rollout": rollout(CANARY, ".onFailure", "Unsupported value", onFailure="Ignore"),
    "a deadline of seconds": rollout({}, ".progressDeadlineSeconds", "or equal to 30", progressDeadlineSeconds=29),
    "a deadline of days": rollout({}, ".progressDeadlineSeconds", "or equal to 86400", progressDeadlineSeconds=86_401),
    "a history of one": rollout({}, ".revisionHistoryLimit", "or equal to 2", revisionHistoryLimit=1),
    "a history without end": rollout({}, ".revisionHistoryLimit", "or equal to 1000", revisionHistoryLimit=1001),
}


@pytest.mark.parametrize("bad", BAD_MODELS.values(), ids=BAD_MODELS)
def test_a_bad_model_is_refused_and_the_field_is_named(crds: ApiServer, bad: Bad) -> None:
    answer = try_to_create(crds, model(bad.edits))
    assert answer.status in {400, 422}, f"{answer.status} {answer.message}"
    assert bad.field in answer.message
    assert bad.says in answer.message


BAD_APPROVALS: dict[str, Bad] = {
    "an answer of nobody": one("spec.approvedBy", MISSING, REQUIRED),
    "an answer to nothing": one("spec.revisionDigest", MISSING, REQUIRED),
    "a digest with its algorithm": one("spec.revisionDigest", "sha256:" + "a" * 57, "should match"),
    "an answer to all versions": one("spec.version", MISSING, REQUIRED),
    "an answer that is none": one("spec.decision", "Maybe", "Unsupported value"),
    "an answer in lower case": one("spec.decision", "approve", "Unsupported value"),
    "an empty note": one("spec.note", "", "should be at least 1 chars long"),
    "a note of 1025 characters": one("spec.note", "x" * 1025, TOO_LONG),
    "a note that moves the cursor": one("spec.note", "\x1b[2J", "should match"),
    "a model in another namespace": Bad(
        {"spec.modelRef.namespace": "other"}, 'unknown field "spec.modelRef.namespace"'
    ),
    "an approval with a status": Bad({"status": {"counted": True}}, 'unknown field "status"'),
}


@pytest.mark.parametrize("bad", BAD_APPROVALS.values(), ids=BAD_APPROVALS)
def test_a_bad_approval_is_refused_and_the_field_is_named(crds: ApiServer, bad: Bad) -> None:
    answer = try_to_create(crds, approval(bad.edits))
    assert answer.status in {400, 422}, f"{answer.status} {answer.message}"
    assert bad.field in answer.message
    assert bad.says in answer.message


@pytest.mark.parametrize("part", ["training", "serving"])
@pytest.mark.parametrize(
    ("resource", "asked", "allowed"),
    [
        ("cpu", "1.5", "1499m"),
        ("cpu", "2", "1"),
        ("cpu", 2, "1999m"),
        ("memory", "1Gi", "1000Mi"),
        ("memory", "1049M", "1000Mi"),
        ("memory", "1.5Gi", 1_610_612_735),
    ],
)
def test_asking_for_more_than_is_allowed_is_refused(
    crds: ApiServer, part: str, resource: str, asked: str | int, allowed: str | int
) -> None:
    resources = {"requests": {resource: asked}, "limits": {resource: allowed}}
    answer = try_to_create(crds, model({f"spec.{part}.resources": resources}))
    assert answer.status == 422, answer.body
    assert f"spec.{part}.resources.requests.{resource}" in answer.message
    assert f"requests.{resource} ({asked}) must be at most limits.{resource} ({allowed})" in answer.message


@pytest.mark.parametrize("nothing", ["0", "0m", "0.0"])
@pytest.mark.parametrize("amounts", ["requests", "limits"])
@pytest.mark.parametrize("part", ["training", "serving"])
def test_no_processor_at_all_is_refused(crds: ApiServer, part: str, amounts: str, nothing: str) -> None:
    field = f"spec.{part}.resources.{amounts}.cpu"
    answer = try_to_create(crds, model({field: nothing}))
    assert answer.status == 422, answer.body
    assert f"{field}: " in answer.message
    assert "cpu must be greater than 0" in answer.message
