{{/* What the operator is told of sinks: settings as they are, Secrets as the files that they are mounted as. */}}
{{- define "sentiment.sinkSettings" -}}
{{- $sinks := dict -}}
{{- range $name, $sink := .Values.notifications.sinks -}}
{{- $folder := printf "/etc/sentiment-operator/sinks/%s" $name -}}
{{- $told := omit $sink "urlSecret" "signingSecret" "caSecret" "credentialsSecret" -}}
{{- if eq $sink.type "Webhook" -}}{{- $told = omit $told "port" -}}{{- end -}}
{{- range $field, $file := dict "urlSecret" "url" "signingSecret" "signingKey" "caSecret" "ca" -}}
{{- if hasKey $sink $field -}}{{- $_ := set $told (printf "%sFile" $file) (printf "%s/%s" $folder $file) -}}{{- end -}}
{{- end -}}
{{- if hasKey $sink "credentialsSecret" -}}
{{- $_ := set $told "usernameFile" (printf "%s/username" $folder) -}}
{{- $_ := set $told "passwordFile" (printf "%s/password" $folder) -}}
{{- end -}}
{{- $_ := set $sinks $name $told -}}
{{- end -}}
{{- toJson $sinks -}}
{{- end -}}

{{/* The Secrets of all sinks as parts of one volume. A missing one must not keep the operator from starting. */}}
{{- define "sentiment.sinkSecrets" -}}
{{- range $name, $sink := .Values.notifications.sinks -}}
{{- range $field, $file := dict "urlSecret" "url" "signingSecret" "signingKey" "caSecret" "ca" -}}
{{- with index $sink $field }}
- secret: {name: {{ .name }}, optional: true, items: [{key: {{ .key | quote }}, path: {{ $name }}/{{ $file }}}]}
{{- end -}}
{{- end -}}
{{- with $sink.credentialsSecret }}
- secret: {name: {{ .name }}, optional: true, items: [{key: username, path: {{ $name }}/username}, {key: password, path: {{ $name }}/password}]}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Ports that sinks listen on, as a JSON list. Of an address that is a secret, its `port` says so. */}}
{{- define "sentiment.sinkPorts" -}}
{{- $ports := list -}}
{{- range $name, $sink := .Values.notifications.sinks -}}
{{- if eq $sink.type "SMTP" -}}
{{- $ports = append $ports (int ($sink.port | default 587)) -}}
{{- else if $sink.url -}}
{{- $address := urlParse $sink.url -}}
{{- $ports = append $ports (int (regexFind ":[0-9]+$" $address.host | trimPrefix ":" | default (eq $address.scheme "https" | ternary "443" "80"))) -}}
{{- else -}}
{{- $ports = append $ports (int ($sink.port | default 443)) -}}
{{- end -}}
{{- end -}}
{{- toJson ($ports | uniq | sortAlpha) -}}
{{- end -}}
