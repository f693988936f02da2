{{/* Full name of the release: the release's name where it says what it is, else with the chart's name behind. */}}
{{- define "sentiment.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "sentiment.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "sentiment.fullname" .) -}}
{{- end -}}

{{- define "sentiment.operatorUser" -}}
system:serviceaccount:{{ .Release.Namespace }}:{{ include "sentiment.serviceAccountName" . }}
{{- end -}}

{{/* Labels of every object; not of pods, which would be replaced by every new version of the chart. */}}
{{- define "sentiment.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: sentiment-operator
{{- end -}}

{{- define "sentiment.operatorSelector" -}}
app.kubernetes.io/name: sentiment-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Every pod of a model that answers requests, or copies of them. */}}
{{- define "sentiment.serversSelector" -}}
matchLabels: {app.kubernetes.io/name: sentiment-model}
matchExpressions:
  - {key: app.kubernetes.io/component, operator: In, values: [server, shadow]}
{{- end -}}

{{- define "sentiment.mlflowSelector" -}}
app.kubernetes.io/name: mlflow
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Full reference of the image called .name in .root's values. */}}
{{- define "sentiment.image" -}}
{{- $image := index .root.Values.image .name -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository ($image.tag | default .root.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "sentiment.trackingURL" -}}
{{- if .Values.mlflow.enabled -}}
http://mlflow.{{ .Release.Namespace }}.svc:5000
{{- else -}}
{{- required "mlflow.externalURL is needed where mlflow.enabled is false" .Values.mlflow.externalURL -}}
{{- end -}}
{{- end -}}

{{/* What Pod Security `restricted` asks of a pod, and of a container; and a root file system that is read-only. */}}
{{- define "sentiment.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "sentiment.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* Which nodes a part may run on, from its own values. */}}
{{- define "sentiment.scheduling" -}}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
